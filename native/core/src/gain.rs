//! How much louder something is played, and changes of it without a click.

/// A factor on its way to another: a change is spread over the next frame.
#[derive(Debug, Clone, Copy)]
pub struct Gain {
    now: f32,
    wanted: f32,
}

impl Default for Gain {
    fn default() -> Self {
        Self { now: 1.0, wanted: 1.0 }
    }
}

fn factor(decibels: f32) -> f32 {
    10f32.powf(decibels / 20.0)
}

impl Gain {
    /// From the first sample on.
    pub fn begun_at(decibels: f32) -> Self {
        let now = factor(decibels);
        Self { now, wanted: now }
    }

    /// From the next frame on.
    pub fn turn(&mut self, decibels: f32) {
        self.wanted = factor(decibels);
    }

    /// Applies it to the next frame; what is too loud is cut.
    pub fn apply(&mut self, frame: &mut [i16]) {
        if self.now == 1.0 && self.wanted == 1.0 {
            return;
        }
        let step = (self.wanted - self.now) / frame.len().max(1) as f32;
        for sample in frame {
            self.now += step;
            *sample = (f32::from(*sample) * self.now).round().clamp(-32_768.0, 32_767.0) as i16;
        }
        self.now = self.wanted;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_spread_over_a_frame() {
        let mut gain = Gain::begun_at(-6.0206);
        let mut frame = [8000; 160];
        gain.apply(&mut frame);
        assert!(frame.iter().all(|sample| sample.abs_diff(4000) <= 1));
        gain.turn(0.0);
        let mut frame = [8000; 160];
        gain.apply(&mut frame);
        assert!(frame.windows(2).all(|pair| (0..=26).contains(&(pair[1] - pair[0]))));
        assert_eq!(
            (frame[0].abs_diff(4025) <= 1, frame[159].abs_diff(8000) <= 1),
            (true, true)
        );
        let mut frame = [8000; 160];
        gain.apply(&mut frame);
        assert_eq!(frame, [8000; 160]);
    }

    #[test]
    fn what_is_too_loud_is_cut() {
        let mut frame = [20_000, -20_000];
        Gain::begun_at(20.0).apply(&mut frame);
        assert_eq!(frame, [32_767, -32_768]);
    }
}
