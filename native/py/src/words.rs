//! The words in which Python says how a session is connected, put into the engine's.

use offhook_media_core::codec::opus;
use offhook_media_core::command::{Codec, Direction};
use offhook_media_core::srtp::{MasterKey, Security, Suite};
use pyo3::exceptions::PyValueError;
use pyo3::PyResult;

/// A codec by its name.
pub fn codec(name: &str) -> PyResult<Codec> {
    Codec::named(name).ok_or_else(|| PyValueError::new_err(format!("codec {name} is not known")))
}

/// Which way audio flows.
pub fn direction(name: &str) -> PyResult<Direction> {
    match name {
        "sendrecv" => Ok(Direction::SendRecv),
        "sendonly" => Ok(Direction::SendOnly),
        "recvonly" => Ok(Direction::RecvOnly),
        "inactive" => Ok(Direction::Inactive),
        _ => Err(PyValueError::new_err(format!("direction {name} is not known"))),
    }
}

/// How Opus is encoded.
pub fn options((bitrate, complexity, fec, dtx): (u32, u8, bool, bool)) -> opus::Options {
    opus::Options {
        bitrate,
        complexity,
        fec,
        dtx,
    }
}

/// What SRTP is keyed with.
pub fn keys((suite, sends, receives): (String, Vec<u8>, Vec<u8>)) -> PyResult<Security> {
    let unknown = || PyValueError::new_err(format!("SRTP suite {suite} is not known"));
    let known = Suite::named(&suite).ok_or_else(unknown)?;
    let key = |bytes| {
        MasterKey::new(known, bytes).ok_or_else(|| {
            let length = known.key_length() + known.salt_length();
            PyValueError::new_err(format!("a key of {suite} is {length} bytes with its salt"))
        })
    };
    Ok(Security {
        sends: key(sends)?,
        receives: key(receives)?,
    })
}
