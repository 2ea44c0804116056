//! What is played, as tuples say it.

use offhook_media_core::command::Tone;
use offhook_media_io::engine::PlaySource;
use offhook_media_io::loader::SourceOrder;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyTuple;

/// Bytes of Python's, for as long as they are needed.
pub struct Lent(pub PyBackedBytes);

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// One entry of `commands.Play.sources`.
pub fn source(entry: &Bound<'_, PyTuple>) -> PyResult<PlaySource> {
    let kind: String = entry.get_item(0)?.extract()?;
    let bytes = || -> PyResult<_> { Ok(Box::new(Lent(entry.get_item(1)?.extract()?))) };
    Ok(PlaySource::Ready(match kind.as_str() {
        "file" => SourceOrder::File(entry.get_item(1)?.extract()?),
        "data" => SourceOrder::Data {
            bytes: bytes()?,
            name: entry.get_item(2)?.extract()?,
            stated: entry.get_item(3)?.extract()?,
        },
        "supplied" => {
            return Ok(PlaySource::Supplied {
                stream: entry.get_item(1)?.extract()?,
                name: entry.get_item(2)?.extract()?,
                stated: entry.get_item(3)?.extract()?,
            })
        }
        "pcm" => SourceOrder::Pcm(bytes()?, entry.get_item(2)?.extract()?),
        "silence" => SourceOrder::Silence(entry.get_item(1)?.extract()?),
        "tone" => SourceOrder::Tone(Tone {
            frequencies: entry.get_item(1)?.extract()?,
            on: entry.get_item(2)?.extract()?,
            off: entry.get_item(3)?.extract()?,
            repeat: entry.get_item(4)?.extract()?,
            level: entry.get_item(5)?.extract()?,
        }),
        _ => return Err(PyValueError::new_err(format!("audio source {kind} is not known"))),
    }))
}

/// A gain that makes sense.
pub fn decibels(gain: f32) -> PyResult<f32> {
    if (-60.0..=20.0).contains(&gain) {
        return Ok(gain);
    }
    Err(PyValueError::new_err(format!("a gain of {gain} dB is not in -60..20")))
}
