//! The tables of `docs/explanation/sound-quality.md`.

use std::io::{Result, Write};

use offhook_media_core::codec::Codec;

use crate::scene::{hear, speech, Impairment, Path, Route};
use crate::score::{score, Score};
use crate::tones;

/// The lines that speech is sent over.
pub const LINES: [(&str, Impairment); 5] = [
    (
        "good line",
        Impairment {
            loss: 0,
            jitter: 0,
            drift: 0.0,
        },
    ),
    (
        "5 % loss",
        Impairment {
            loss: 50_000,
            jitter: 0,
            drift: 0.0,
        },
    ),
    (
        "60 ms jitter",
        Impairment {
            loss: 0,
            jitter: 60_000,
            drift: 0.0,
        },
    ),
    (
        "100 ppm drift",
        Impairment {
            loss: 0,
            jitter: 0,
            drift: 100.0,
        },
    ),
    (
        "all three",
        Impairment {
            loss: 50_000,
            jitter: 60_000,
            drift: 100.0,
        },
    ),
];

/// The ways that speech takes.
pub const WAYS: [(Path, Codec, Codec); 16] = [
    (Path::Play, Codec::Pcmu, Codec::Pcmu),
    (Path::Play, Codec::G722, Codec::G722),
    (Path::Play, Codec::Opus, Codec::Opus),
    (Path::Bridge, Codec::Pcmu, Codec::Pcmu),
    (Path::Bridge, Codec::G722, Codec::G722),
    (Path::Bridge, Codec::Opus, Codec::Opus),
    (Path::Bridge, Codec::Pcmu, Codec::G722),
    (Path::Bridge, Codec::G722, Codec::Pcmu),
    (Path::Bridge, Codec::Opus, Codec::Pcmu),
    (Path::Bridge, Codec::Pcmu, Codec::Opus),
    (Path::Bridge, Codec::Opus, Codec::G722),
    (Path::Bridge, Codec::L16(16_000), Codec::Pcma),
    (Path::Conference, Codec::Pcmu, Codec::Pcmu),
    (Path::Conference, Codec::G722, Codec::Opus),
    (Path::Record, Codec::Pcma, Codec::Pcma),
    (Path::Record, Codec::Opus, Codec::Opus),
];

/// A way in words.
pub fn name(path: Path, from: Codec, to: Codec) -> String {
    match path {
        Path::Play => format!("prompt to {}", to.name()),
        Path::Record => format!("recording of {}", from.name()),
        Path::Conference => format!("{} to {} in a conference", from.name(), to.name()),
        Path::Bridge if from == to => format!("{} passed through", from.name()),
        Path::Bridge => format!("{} to {}", from.name(), to.name()),
    }
}

/// The score of speech on one way over one line.
pub fn spoken(path: Path, from: Codec, to: Codec, line: Impairment) -> Score {
    let said = speech();
    let (heard, rate) = hear(Route { path, from, to, line }, &said, 8000);
    score(&said, &heard, rate)
}

/// All tables as Markdown, as they come.
pub fn tables(out: &mut impl Write) -> Result<()> {
    speech_table(out)?;
    band_table(out)?;
    hour_table(out)
}

fn speech_table(out: &mut impl Write) -> Result<()> {
    let heads: Vec<&str> = LINES.iter().map(|(line, _)| *line).collect();
    writeln!(out, "| way | {} |", heads.join(" | "))?;
    writeln!(out, "|---|{}", "---|".repeat(LINES.len()))?;
    for (path, from, to) in WAYS {
        let cells = LINES.map(|(_, line)| {
            let found = spoken(path, from, to, line);
            format!(
                "{:.2}, {:.1} dB, {:+.1} dB",
                found.intelligibility, found.distance, found.level
            )
        });
        writeln!(out, "| {} | {} |", name(path, from, to), cells.join(" | "))?;
    }
    Ok(())
}

fn band_table(out: &mut impl Write) -> Result<()> {
    writeln!(out, "\n| way | band within 3 dB | level at 1 kHz |\n|---|---|---|")?;
    for (path, from, to) in WAYS {
        let line = Impairment::default();
        let (low, high, level) = tones::bandwidth(Route { path, from, to, line });
        writeln!(
            out,
            "| {} | {low} to {high} Hz | {level:+.2} dB |",
            name(path, from, to)
        )?;
    }
    Ok(())
}

fn hour_table(out: &mut impl Write) -> Result<()> {
    writeln!(
        out,
        "\n| way | far end's clock | dropouts | clicks | time that is missing |\n|---|---|---|---|---|"
    )?;
    for (path, from, to) in [
        (Path::Record, Codec::Pcmu, Codec::Pcmu),
        (Path::Bridge, Codec::Pcmu, Codec::G722),
        (Path::Conference, Codec::Pcmu, Codec::G722),
    ] {
        for drift in [-500.0, -100.0, 100.0, 500.0] {
            let line = Impairment {
                drift,
                ..Impairment::default()
            };
            let found = tones::endure(Route { path, from, to, line }, 3600);
            writeln!(
                out,
                "| {} | {drift:+.0} ppm | {} | {} | {} ms |",
                name(path, from, to),
                found.dropouts,
                found.clicks,
                -found.drift
            )?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    // The least intelligibility and the greatest distance on a good line, and on one that is bad in every respect.
    fn floors(from: Codec, to: Codec) -> [(f64, f64); 2] {
        if [from, to].contains(&Codec::Opus) {
            [(0.97, 1.5), (0.93, 2.0)]
        } else {
            [(0.99, 0.5), (0.90, 2.0)]
        }
    }

    #[test]
    fn speech_is_as_good_as_it_is_documented_to_be() {
        for (path, from, to) in WAYS {
            for ((least, most), line) in floors(from, to).into_iter().zip([LINES[0].1, LINES[4].1]) {
                let found = spoken(path, from, to, line);
                let name = name(path, from, to);
                assert!(
                    found.intelligibility > least && found.distance < most,
                    "{name} {line:?}: {found:?}"
                );
                assert!(found.level.abs() < 1.0, "{name} {line:?}: {found:?}");
            }
        }
    }
}
