//! How good audio is after it has passed through the engine, in virtual time: real codecs, lines that lose, delay and drift.
//!
//! `make quality` writes the tables of `docs/explanation/sound-quality.md`; tests here hold the floors.
#![forbid(unsafe_code)]

pub mod align;
pub mod report;
pub mod scene;
pub mod score;
pub mod spectrum;
pub mod tones;
