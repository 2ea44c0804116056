//! Fuzzes what decodes sound files, for so many seconds: `offhook-fuzz SECONDS [SEED]`. `make fuzz` runs it.
//!
//! Whole files are mutated and decoded. A panic, a decoding that takes long and memory out of proportion are defects; the input
//! that shows one is written beside the program's directory, and becomes a test. Inputs that reach something new (another
//! outcome, or about another length of sound) are kept and mutated further.
#![forbid(unsafe_code)]

mod mutation;

use std::collections::HashMap;
use std::io::{Cursor, Read};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mutation::Mutator;
use offhook_media_decode::{Decoder, Piece};

/// No input of some kilobytes may take longer, on a machine that does other things too.
const MOST_TIME: Duration = Duration::from_secs(5);
/// Samples after which an input has been decoded enough: files say that they are long, and bounds are tested elsewhere.
const MOST_SAMPLES: usize = 4 << 20;
/// A decoder may hand out so many at once.
const MOST_AT_ONCE: usize = 1 << 20;
const MOST_KEPT: usize = 2000;

fn main() -> Result<(), String> {
    let arguments: Vec<u64> = std::env::args().skip(1).filter_map(|text| text.parse().ok()).collect();
    let seconds = arguments.first().copied().ok_or("usage: offhook-fuzz SECONDS [SEED]")?;
    let seed = arguments.get(1).copied().unwrap_or_else(|| std::process::id().into());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../decode/tests/sounds");
    let mut kept = seeds(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut mutator = Mutator::new(seed);
    let mut met: HashMap<String, usize> = HashMap::new();
    let (end, mut runs) = (Instant::now() + Duration::from_secs(seconds), 0u64);
    // What is caught is told below.
    std::panic::set_hook(Box::new(|_| {}));
    while Instant::now() < end {
        let input = mutator.mutate(&kept);
        let (begun, outcome) = (Instant::now(), outcome(&input));
        runs += 1;
        let outcome = match outcome {
            // The machine may have been busy with something else; a defect is slow each time.
            Ok(_) if begun.elapsed() > MOST_TIME && (0..3).all(|_| slow(&input)) => {
                return Err(found(&input, "takes too long", seed));
            }
            Ok(outcome) => outcome,
            Err(defect) => return Err(found(&input, &defect, seed)),
        };
        let times = met.entry(outcome).or_default();
        *times += 1;
        if *times <= 3 && kept.len() < MOST_KEPT {
            kept.push(input);
        }
    }
    println!(
        "sounds: {runs} inputs in {seconds} s, {} outcomes, seed {seed}",
        met.len()
    );
    Ok(())
}

fn seeds(folder: &Path) -> std::io::Result<Vec<Vec<u8>>> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    paths.sort();
    paths.iter().map(std::fs::read).collect()
}

/// Gives bytes in small pieces, as a network does.
struct Dribble(Cursor<Vec<u8>>, usize);

impl Read for Dribble {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        let length = room.len().min(self.1);
        self.0.read(&mut room[..length])
    }
}

/// What comes of an input, coarsely; or a defect.
fn outcome(input: &[u8]) -> Result<String, String> {
    let bytes = Dribble(Cursor::new(input.to_vec()), 1 + input.len() % 700);
    let decoded = catch_unwind(AssertUnwindSafe(|| {
        let mut decoder = match Decoder::open(bytes, "") {
            Ok(decoder) => decoder,
            Err(refused) => return Ok(refused.0),
        };
        let (mut piece, mut samples) = (Piece::default(), 0);
        loop {
            match decoder.next(&mut piece) {
                Ok(true) => samples += piece.samples.len(),
                Ok(false) => {
                    return Ok(format!(
                        "{:?} 2^{}",
                        decoder.kind(),
                        usize::BITS - samples.leading_zeros()
                    ))
                }
                Err(refused) => {
                    return Ok(format!(
                        "{} after 2^{}",
                        refused.0,
                        usize::BITS - samples.leading_zeros()
                    ))
                }
            }
            if piece.samples.len() > MOST_AT_ONCE {
                return Err(format!("{} samples at once", piece.samples.len()));
            }
            if samples > MOST_SAMPLES {
                return Ok("long".to_owned());
            }
        }
    }));
    decoded.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        Err(format!(
            "panics: {}",
            text.or(panic.downcast_ref::<&str>().copied()).unwrap_or_default()
        ))
    })
}

fn slow(input: &[u8]) -> bool {
    let begun = Instant::now();
    let _ = outcome(input);
    begun.elapsed() > MOST_TIME
}

fn found(input: &[u8], defect: &str, seed: u64) -> String {
    let path = std::env::temp_dir().join(format!("offhook-sound-{seed}.bin"));
    let written = std::fs::write(&path, input);
    let place = written.map_or_else(|error| error.to_string(), |()| path.display().to_string());
    format!("an input of {} bytes {defect}; it is in {place}", input.len())
}
