//! Brings loud and quiet lines slowly towards one loudness. A line of ordinary loudness is left as it is.

/// Decibels of full scale that speech on a telephone line has.
const WANTED: f32 = -23.0;
/// So far from it nothing is done.
const TOLERATED: f32 = 6.0;
/// The bounds of what is done.
const LEAST: f32 = -10.0;
const MOST: f32 = 15.0;
/// Decibels per tick: 3 dB a second louder, 12 dB a second quieter.
const UP: f32 = 0.06;
const DOWN: f32 = 0.24;
/// How much of each tick of speech goes into the loudness so far: about a second's worth.
const SHARE: f32 = 0.02;
/// Mean square below which a tick is no speech: -45 dB.
const FLOOR: f32 = 184.0 * 184.0;
const FULL: f32 = 32_768.0 * 32_768.0;

/// One member's loudness.
#[derive(Debug)]
pub struct Leveller {
    loudness: f32,
    gain: f32,
}

impl Default for Leveller {
    fn default() -> Self {
        Self {
            loudness: WANTED,
            gain: 0.0,
        }
    }
}

impl Leveller {
    /// Takes the mean square of 20 ms; returns the decibels to be added.
    pub fn hear(&mut self, power: f32) -> f32 {
        if power >= FLOOR {
            self.loudness += SHARE * (10.0 * (power / FULL).log10() - self.loudness);
        }
        let off = WANTED - self.loudness;
        let wanted = (off - off.clamp(-TOLERATED, TOLERATED)).clamp(LEAST, MOST);
        self.gain += (wanted - self.gain).clamp(-DOWN, UP);
        self.gain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(seconds: u32, level: f32) -> f32 {
        let mut leveller = Leveller::default();
        let power = FULL * 10f32.powf(level / 10.0);
        (0..50 * seconds).map(|_| leveller.hear(power)).last().unwrap_or(0.0)
    }

    #[test]
    fn quiet_lines_are_raised_and_loud_ones_lowered_within_bounds() {
        assert!((after(20, -40.0) - 11.0).abs() < 0.5);
        assert!((after(20, -10.0) + 7.0).abs() < 0.5);
        assert!((after(20, -44.0) - MOST).abs() < 0.5);
        assert!((after(20, 0.0) - LEAST).abs() < 0.5);
    }

    #[test]
    fn ordinary_lines_and_silence_are_left_alone() {
        for level in [-29.0, -23.0, -17.0, -60.0] {
            assert_eq!(after(20, level), 0.0, "{level}");
        }
    }

    #[test]
    fn it_takes_its_time() {
        assert!(after(1, -40.0) < 3.1);
    }
}
