//! Who of a room is heard: a level gate with hysteresis, so that silent lines add no noise, and who speaks, for those who want to
//! know.

/// Mean squares of samples: it opens at -50 dB of full scale, and stays open down to -54.
const OPENS: f32 = 104.0 * 104.0;
const HOLDS: f32 = 65.0 * 65.0;
/// Ticks below, until it closes: the ends of words are quiet.
const PATIENCE: u32 = 20;
/// Ticks at -40 dB or above, until it counts as speech, and below it, until speech counts as over. Both together bound how
/// often it changes.
const SPEECH: f32 = 328.0 * 328.0;
const BEGINS: u32 = 5;
const ENDS: u32 = 40;

/// One member's gate.
#[derive(Debug, Default)]
pub struct Gate {
    quiet: u32,
    open: bool,
    voiced: u32,
    silent: u32,
    speaking: bool,
}

impl Gate {
    /// Takes the mean square of 20 ms; says whether they are worth to be heard.
    pub fn hear(&mut self, power: f32) -> bool {
        if power >= OPENS || self.open && power >= HOLDS {
            self.open = true;
            self.quiet = 0;
        } else {
            self.quiet += 1;
            self.open &= self.quiet < PATIENCE;
        }
        self.open
    }

    /// Takes the same; says so when speech began or ended.
    pub fn notice(&mut self, power: f32) -> Option<bool> {
        if power >= SPEECH {
            self.voiced += 1;
            self.silent = 0;
        } else {
            self.voiced = 0;
            self.silent += 1;
        }
        let speaking = if self.speaking {
            self.silent < ENDS
        } else {
            self.voiced >= BEGINS
        };
        let changed = speaking != self.speaking;
        self.speaking = speaking;
        changed.then_some(speaking)
    }
}

/// The mean square of samples.
pub fn power(frame: &[i16]) -> f32 {
    let mut sums = [0f32; 8];
    for eight in frame.chunks_exact(8) {
        for (sum, sample) in sums.iter_mut().zip(eight) {
            *sum += f32::from(*sample) * f32::from(*sample);
        }
    }
    sums.iter().sum::<f32>() / frame.len().max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_at_once_and_closes_after_the_end_of_a_word() {
        let mut gate = Gate::default();
        assert!(!gate.hear(50.0 * 50.0));
        assert!(gate.hear(110.0 * 110.0));
        assert!((0..1000).all(|_| gate.hear(70.0 * 70.0)));
        assert_eq!((0..1000).filter(|_| gate.hear(50.0 * 50.0)).count(), 19);
        assert!(!gate.hear(70.0 * 70.0));
    }

    #[test]
    fn whether_somebody_speaks_changes_at_most_every_second() {
        let mut gate = Gate::default();
        let changes = (0..500u32).filter(|tick| gate.notice(if tick % 10 < 5 { 1e6 } else { 0.0 }).is_some());
        assert_eq!(changes.count(), 1);
        let mut gate = Gate::default();
        let changes = (0..450u32).filter(|tick| gate.notice(if tick % 45 < 5 { 1e6 } else { 0.0 }).is_some());
        assert_eq!(changes.count(), 20);
    }

    #[test]
    fn the_power_of_a_frame_is_its_mean_square() {
        assert_eq!(power(&[100; 160]), 10_000.0);
        assert_eq!(power(&[]), 0.0);
    }
}
