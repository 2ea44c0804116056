//! Words of `offhook.media.recording`.

use offhook_media_core::command::Track;
use offhook_media_core::event::RecordEnd;
use offhook_media_core::recorder::Pause;
use offhook_media_core::tape::Format;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

pub fn format(name: &str) -> PyResult<Format> {
    match name {
        "wav" => Ok(Format::Wav),
        "ogg" => Ok(Format::Opus),
        _ => Err(PyValueError::new_err(format!("format {name} is not known"))),
    }
}

pub fn track(name: &str) -> PyResult<Track> {
    match name {
        "inbound" => Ok(Track::Heard),
        "outbound" => Ok(Track::Sent),
        "both" => Ok(Track::Both),
        _ => Err(PyValueError::new_err(format!("track {name} is not known"))),
    }
}

pub fn pause(name: &str) -> PyResult<Pause> {
    match name {
        "skip" => Ok(Pause::Skip),
        "silence" => Ok(Pause::Silence),
        _ => Err(PyValueError::new_err(format!("a pause of {name} is not known"))),
    }
}

pub fn end(end: RecordEnd) -> &'static str {
    match end {
        RecordEnd::MaxLength => "max-length",
        RecordEnd::Silence => "silence",
        RecordEnd::Key => "key",
        RecordEnd::Cancelled => "cancelled",
        RecordEnd::Broken => "broken",
    }
}
