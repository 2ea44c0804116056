//! Packet-loss concealment for codecs that have none of their own, after the manner of ITU-T G.711 Appendix I.
//!
//! What is missing is the last pitch period again and again: at full level for 10 ms, then fading, silent after 60 ms. When the
//! stream goes on, both are blended for 4 ms. Nothing is delayed for it.

use super::pitch;

const SHORTEST_MS: usize = 5;
const LONGEST_MS: usize = 15;
const WINDOW_MS: usize = 20;
const HISTORY_MS: usize = 50;
const LEVEL_MS: usize = 10;
const GONE_MS: usize = 60;
const BLEND_MS: usize = 4;

/// One stream's concealment.
#[derive(Debug)]
pub struct Concealment {
    per_ms: usize,
    history: Vec<i16>,
    period: Vec<i16>,
    made: usize,
}

impl Concealment {
    /// For a stream of `rate` hertz, a whole number of kilohertz, that has been silent.
    pub fn new(rate: u32) -> Self {
        let per_ms = rate as usize / 1000;
        Self {
            per_ms,
            history: vec![0; HISTORY_MS * per_ms],
            period: Vec::new(),
            made: 0,
        }
    }

    /// Whether nothing but silence stands for what is missing now.
    pub fn gone(&self) -> bool {
        self.made >= GONE_MS * self.per_ms
    }

    /// Audio came; its beginning is blended with what stood for the missing one.
    pub fn heard(&mut self, audio: &mut [i16]) {
        if self.made > 0 {
            let blend = (BLEND_MS * self.per_ms).min(audio.len());
            let mut guess: Vec<i16> = (0..blend).map(|n| self.guess(self.made + n)).collect();
            pitch::fade(&mut guess, &audio[..blend]);
            audio[..blend].copy_from_slice(&guess);
        }
        self.keep(audio);
    }

    /// Something else stood for what is missing: it is only remembered.
    pub fn keep(&mut self, audio: &[i16]) {
        self.made = 0;
        let new = &audio[audio.len().saturating_sub(self.history.len())..];
        let kept = self.history.len() - new.len();
        self.history.copy_within(new.len().., 0);
        self.history[kept..].copy_from_slice(new);
    }

    /// A piece is missing: fills in what stands for it.
    pub fn lost(&mut self, audio: &mut [i16]) {
        if self.made == 0 {
            self.take_period();
        }
        for (n, sample) in audio.iter_mut().enumerate() {
            *sample = self.guess(self.made + n);
        }
        // Beyond the end of the fading there is only silence, however long it lasts.
        self.made = (self.made + audio.len()).min(GONE_MS * self.per_ms);
    }

    fn guess(&self, n: usize) -> i16 {
        let (level, gone) = (LEVEL_MS * self.per_ms, GONE_MS * self.per_ms);
        if n >= gone || self.period.is_empty() {
            return 0;
        }
        let sample = self.period[n % self.period.len()];
        match n.checked_sub(level) {
            None => sample,
            Some(_) => (i32::from(sample) * (gone - n) as i32 / (gone - level) as i32) as i16,
        }
    }

    // The last period of the history, its end bent so that it leads into its beginning.
    fn take_period(&mut self) {
        let length = self.pitch();
        let end = self.history.len();
        self.period.clear();
        self.period.extend_from_slice(&self.history[end - length..]);
        let bend = length / 4;
        let before = end - length - bend;
        pitch::fade(&mut self.period[length - bend..], &self.history[before..before + bend]);
    }

    // The lag at which the last 20 ms are most like what was before them.
    fn pitch(&self) -> usize {
        let start = self.history.len() - WINDOW_MS * self.per_ms;
        let lags = SHORTEST_MS * self.per_ms..=LONGEST_MS * self.per_ms;
        pitch::period(&self.history, start, lags, self.per_ms / 8).lag
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    fn sine(hertz: f64, rate: usize, from: usize, length: usize) -> Vec<i16> {
        let sample = |n: usize| (8000.0 * (TAU * hertz * n as f64 / rate as f64).sin()) as i16;
        (from..from + length).map(sample).collect()
    }

    fn rms(samples: &[i16]) -> f64 {
        (samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / samples.len() as f64).sqrt()
    }

    #[test]
    fn a_missing_frame_of_a_tone_goes_on_in_phase() {
        for (rate, hertz) in [
            (8000, 100.0),
            (8000, 200.0),
            (8000, 440.0),
            (16_000, 150.0),
            (16_000, 3100.0),
            (48_000, 130.0),
            (48_000, 6000.0),
        ] {
            let frame = rate / 50;
            let mut concealment = Concealment::new(rate as u32);
            for n in 0..5 {
                concealment.heard(&mut sine(hertz, rate, n * frame, frame));
            }
            let mut filled = vec![0; frame];
            concealment.lost(&mut filled);
            let wanted = sine(hertz, rate, 5 * frame, frame);
            let error: Vec<i16> = filled[..frame / 2].iter().zip(&wanted).map(|(a, b)| a - b).collect();
            assert!(rms(&error) < 0.3 * rms(&wanted), "{rate} {hertz}: {}", rms(&error));
            let mut next = sine(hertz, rate, 6 * frame, frame);
            concealment.heard(&mut next);
            let jump = next.windows(2).map(|w| (w[1] - w[0]).abs()).max().unwrap_or(0);
            assert!(
                f64::from(jump) < 2.0 * 8000.0 * TAU * hertz / rate as f64 + 60.0,
                "{rate} {hertz}: {jump}"
            );
        }
    }

    #[test]
    fn what_stays_missing_fades_to_silence_in_60_ms() {
        let mut concealment = Concealment::new(8000);
        for n in 0..5 {
            concealment.heard(&mut sine(200.0, 8000, n * 160, 160));
        }
        let mut levels = Vec::new();
        for _ in 0..5 {
            let mut filled = vec![0; 160];
            concealment.lost(&mut filled);
            levels.push(rms(&filled));
        }
        assert!(
            levels[0] > 4500.0 && levels[0] > levels[1] && levels[1] > levels[2] && levels[2] > 0.0,
            "{levels:?}"
        );
        assert_eq!((&levels[3..], concealment.gone()), (&[0.0, 0.0][..], true));
    }

    #[test]
    fn packets_longer_than_the_memory_are_heard_whole() {
        let mut concealment = Concealment::new(8000);
        let mut long = sine(200.0, 8000, 0, 960);
        let before = long.clone();
        concealment.heard(&mut long);
        assert_eq!(long, before);
        let mut filled = vec![0; 160];
        concealment.lost(&mut filled);
        assert!(rms(&filled) > 4500.0);
    }

    #[test]
    fn silence_is_concealed_by_silence() {
        let mut concealment = Concealment::new(8000);
        let mut filled = vec![5; 160];
        concealment.lost(&mut filled);
        assert_eq!(filled, [0; 160]);
    }
}
