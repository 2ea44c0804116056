//! What a member of a room may, as Python says it.

use offhook_media_core::command::Membership;
use pyo3::exceptions::PyValueError;
use pyo3::PyResult;

/// The fields of `commands.Membership`, in their order.
pub type Given = (bool, bool, Option<u64>, f32, bool, bool);

/// Checked.
pub fn membership(given: Given) -> PyResult<Membership> {
    let (muted, deaf, coaches, gain, level, reports) = given;
    if !(-40.0..=20.0).contains(&gain) {
        return Err(PyValueError::new_err(format!("a gain is -40..20 dB, not {gain}")));
    }
    Ok(Membership {
        muted,
        deaf,
        coaches,
        gain,
        level,
        reports,
    })
}
