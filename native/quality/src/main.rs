//! Prints the tables of sound quality as Markdown.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    match offhook_quality::report::tables(&mut std::io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("offhook-quality: {error}");
            ExitCode::FAILURE
        }
    }
}
