//! What is in the sound that is heard: keys, voice, tones. Works at 8 kHz, only where somebody asked.

pub mod attention;
pub mod echo;
pub mod keys;
pub mod pairing;
#[cfg(test)]
pub mod testing;
pub mod tone;
pub mod voice;

/// Samples of one step, and its milliseconds.
pub const STEP: usize = 80;
const STEP_MS: u32 = 10;

/// Mean square of a sine at 0 dBm0, in 16-bit samples: full scale is +3.14 dBm0 (ITU-T G.711).
const POWER_AT_0_DBM0: f32 = 32_767.0 * 32_767.0 / 2.0 * 0.485_3;

/// Mean square of a sine at so many dBm0.
fn power_of_dbm0(level: f32) -> f32 {
    POWER_AT_0_DBM0 * 10f32.powf(level / 10.0)
}

/// dBm0 of a mean square; nothing is -99.
fn dbm0_of_power(power: f32) -> f32 {
    10.0 * (power / POWER_AT_0_DBM0).max(1e-10).log10()
}
