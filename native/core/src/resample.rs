//! Sample rate conversion by a windowed sinc, one polyphase branch per output phase.
//!
//! Band-limited both ways: what the lower rate cannot carry is filtered away (about 70 dB down), so nothing folds back.

use std::collections::HashMap;
use std::f64::consts::PI;
use std::sync::{Arc, Mutex, PoisonError};

/// The rates that can be converted, in hertz.
pub const RATES: std::ops::RangeInclusive<u32> = 4000..=192_000;

const CROSSINGS: f64 = 16.0;
const MAX_PHASES: u64 = 640;
const KAISER: f64 = 7.0;
/// Filters that are kept for those who need the same; the rates of streams are few, those of files are converted elsewhere.
const MOST_KEPT: usize = 32;

/// The rate is outside `RATES`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateError(pub u32);

impl std::fmt::Display for RateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "a sample rate of {} Hz is not supported ({}..{})",
            self.0,
            RATES.start(),
            RATES.end()
        )
    }
}

/// Converts a stream from one rate to another; its output lags by `latency` input samples, which `flush` delivers.
#[derive(Debug, Clone)]
pub struct Resampler {
    from: u64,
    to: u64,
    phases: u64,
    half: usize,
    taps: Arc<[f32]>,
    history: Vec<f32>,
    position: u64,
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 {
        a
    } else {
        gcd(b, a % b)
    }
}

fn bessel(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..30 {
        term *= (x / (2.0 * f64::from(k))).powi(2);
        sum += term;
    }
    sum
}

type Kept = HashMap<(u64, u64), Arc<[f32]>>;

// Made once for each pair of rates: a millisecond for some, which no tick has to spare often.
fn filter(from: u64, to: u64, phases: u64, half: usize, scale: f64) -> Arc<[f32]> {
    static KEPT: Mutex<Option<Kept>> = Mutex::new(None);
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = kept.get_or_insert_default();
    if let Some(taps) = kept.get(&(from, to)) {
        return Arc::clone(taps);
    }
    let taps: Arc<[f32]> = taps(phases, half, scale).into();
    if kept.len() < MOST_KEPT {
        kept.insert((from, to), Arc::clone(&taps));
    }
    taps
}

fn taps(phases: u64, half: usize, scale: f64) -> Vec<f32> {
    let cutoff = 0.94 / scale;
    let mut taps = Vec::with_capacity(phases as usize * 2 * half);
    for phase in 0..phases {
        let offset = phase as f64 / phases as f64;
        let start = taps.len();
        for tap in 0..2 * half {
            let x = tap as f64 - (half as f64 - 1.0) - offset;
            let edge = (x / half as f64).abs();
            let window = if edge < 1.0 {
                bessel(KAISER * (1.0 - edge * edge).sqrt()) / bessel(KAISER)
            } else {
                0.0
            };
            let sinc = if x.abs() < 1e-9 {
                cutoff
            } else {
                (PI * cutoff * x).sin() / (PI * x)
            };
            taps.push((window * sinc) as f32);
        }
        let gain: f32 = taps[start..].iter().sum();
        taps[start..].iter_mut().for_each(|tap| *tap /= gain);
    }
    taps
}

impl Resampler {
    /// A converter at the start of a stream.
    pub fn new(from: u32, to: u32) -> Result<Self, RateError> {
        for rate in [from, to] {
            if !RATES.contains(&rate) {
                return Err(RateError(rate));
            }
        }
        let divisor = gcd(u64::from(from), u64::from(to));
        let (from, to) = (u64::from(from) / divisor, u64::from(to) / divisor);
        let phases = to.min(MAX_PHASES);
        let scale = (from as f64 / to as f64).max(1.0);
        let half = (CROSSINGS * scale).ceil() as usize;
        let taps = if from == to {
            Arc::default()
        } else {
            filter(from, to, phases, half, scale)
        };
        // Half a window of silence in front puts the first output exactly on the first input.
        Ok(Self {
            from,
            to,
            phases,
            half,
            taps,
            history: vec![0.0; half - 1],
            position: 0,
        })
    }

    /// Takes samples in, appends those that can be made.
    pub fn process(&mut self, input: &[i16], output: &mut Vec<i16>) {
        if self.from == self.to {
            output.extend_from_slice(input);
            return;
        }
        self.history.extend(input.iter().map(|s| f32::from(*s)));
        loop {
            let index = (self.position / self.to) as usize;
            let Some(window) = self.history.get(index..index + 2 * self.half) else {
                break;
            };
            let phase = ((self.position % self.to) * self.phases / self.to) as usize;
            let taps = &self.taps[phase * 2 * self.half..(phase + 1) * 2 * self.half];
            let sum = dot(window, taps);
            output.push(sum.round().clamp(-32_768.0, 32_767.0) as i16);
            self.position += self.from;
        }
        let used = ((self.position / self.to) as usize).min(self.history.len());
        self.history.drain(..used);
        self.position -= used as u64 * self.to;
    }

    /// The stream is over: appends what is still inside.
    pub fn flush(&mut self, output: &mut Vec<i16>) {
        if self.from != self.to {
            let silence = vec![0; self.half];
            self.process(&silence, output);
        }
    }
}

/// A stream whose samples come at one rate and are taken at another, in pieces of whatever size.
#[derive(Debug)]
pub struct Conversion {
    from: u32,
    to: u32,
    resampler: Resampler,
    ready: Vec<i16>,
    taken: usize,
    begun: bool,
}

impl Conversion {
    /// At the start of a stream.
    pub fn new(from: u32, to: u32) -> Result<Self, RateError> {
        Ok(Self {
            from,
            to,
            resampler: Resampler::new(from, to)?,
            ready: Vec::new(),
            taken: 0,
            begun: false,
        })
    }

    /// Whether it is one between these rates.
    pub fn is(&self, from: u32, to: u32) -> bool {
        (self.from, self.to) == (from, to)
    }

    /// Puts samples in.
    pub fn feed(&mut self, samples: &[i16]) {
        self.ready.drain(..std::mem::take(&mut self.taken));
        self.resampler.process(samples, &mut self.ready);
    }

    /// Nothing follows: what the filter holds comes out.
    pub fn end(&mut self) {
        self.resampler.flush(&mut self.ready);
    }

    /// Takes out what there is; returns how much.
    pub fn take(&mut self, room: &mut [i16]) -> usize {
        let rest = &self.ready[self.taken..];
        let length = rest.len().min(room.len());
        room[..length].copy_from_slice(&rest[..length]);
        self.taken += length;
        length
    }

    /// A frame in, the frame of the same duration out. The filter's delay is silence before the first.
    pub fn frame(&mut self, samples: &[i16], room: &mut [i16]) {
        self.feed(samples);
        let missing = room.len().saturating_sub(self.ready.len() - self.taken);
        if !std::mem::replace(&mut self.begun, true) && missing > 0 {
            self.ready.splice(..0, std::iter::repeat_n(0, missing));
        }
        let length = self.take(room);
        room[length..].fill(0);
    }
}

// Eight sums side by side let the compiler use vector registers; floats may not be reordered otherwise.
fn dot(window: &[f32], taps: &[f32]) -> f32 {
    let mut sums = [0f32; 8];
    let (w, t) = (window.chunks_exact(8), taps.chunks_exact(8));
    let rest: f32 = w.remainder().iter().zip(t.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in w.zip(t) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    rest + sums.iter().sum::<f32>()
}

/// Converts a whole piece; the result has the same duration, to the sample.
pub fn resample(input: &[i16], from: u32, to: u32) -> Result<Vec<i16>, RateError> {
    let mut resampler = Resampler::new(from, to)?;
    if from == to {
        return Ok(input.to_vec());
    }
    let length = (input.len() as u64 * u64::from(to)).div_ceil(u64::from(from)) as usize;
    let mut output = Vec::with_capacity(length + 64);
    resampler.process(input, &mut output);
    resampler.flush(&mut output);
    output.resize(length, 0);
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(frequency: f64, rate: u32, length: usize) -> Vec<i16> {
        (0..length)
            .map(|n| (10_000.0 * (2.0 * PI * frequency * n as f64 / f64::from(rate)).sin()) as i16)
            .collect()
    }

    fn rms(samples: &[i16]) -> f64 {
        (samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / samples.len() as f64).sqrt()
    }

    #[test]
    fn a_tone_in_the_band_keeps_its_level_and_its_place() {
        for rate in [11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 9_973] {
            let output = resample(&sine(1000.0, rate, rate as usize), rate, 8000).expect("a rate");
            assert_eq!(output.len(), 8000);
            let expected = sine(1000.0, 8000, 8000);
            let error: Vec<i16> = output.iter().zip(&expected).map(|(a, b)| a - b).collect();
            assert!(rms(&error[100..7900]) < 60.0, "{rate}: {}", rms(&error[100..7900]));
        }
    }

    #[test]
    fn a_tone_above_the_band_is_gone_instead_of_folded() {
        let output = resample(&sine(6000.0, 48_000, 48_000), 48_000, 8000).expect("a rate");
        assert!(rms(&output[100..7900]) < 10.0, "{}", rms(&output[100..7900]));
    }

    #[test]
    fn pieces_make_the_same_stream_as_the_whole() {
        let input = sine(700.0, 8000, 4000);
        let (mut whole, mut pieces) = (Vec::new(), Vec::new());
        Resampler::new(8000, 16_000)
            .expect("a rate")
            .process(&input, &mut whole);
        let mut resampler = Resampler::new(8000, 16_000).expect("a rate");
        input
            .chunks(160)
            .for_each(|chunk| resampler.process(chunk, &mut pieces));
        assert_eq!(whole, pieces);
    }

    #[test]
    fn rates_outside_the_range_are_refused() {
        assert_eq!(resample(&[0], 100, 8000), Err(RateError(100)));
        assert_eq!(resample(&[0], 8000, 400_000), Err(RateError(400_000)));
    }
}
