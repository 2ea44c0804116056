//! What is left of speech: intelligibility, colour and level.
//!
//! Intelligibility is the short-time objective measure of Taal, Hendriks, Heusdens and Jensen (2011), written from its description.
//! PESQ and POLQA are licensed by their makers and therefore not used.

use offhook_media_core::resample::resample;

use crate::align::aligned;
use crate::spectrum::{bands, BANDS, FRAME, HOP, RATE};

/// Frames that are compared as one, 384 ms.
const SEGMENT: usize = 30;
/// What is so much quieter than the loudest frame is no speech, dB.
const RANGE: f64 = 40.0;
/// Of distortion that counts, dB.
const CLIP: f64 = 15.0;

/// The score of one passage.
#[derive(Debug, Clone, Copy)]
pub struct Score {
    /// 0..1, where 1 is undamaged; 0.9 is understood without effort, 0.75 with some.
    pub intelligibility: f64,
    /// Mean distance of the spectra, dB.
    pub distance: f64,
    /// Loudness against what was said, dB.
    pub level: f64,
}

/// Compares what was heard, at `rate`, with what was said at 8 kHz.
pub fn score(said: &[i16], heard: &[i16], rate: u32) -> Score {
    let said = analysed(said, 8000);
    let heard = aligned(&said, &analysed(heard, rate));
    let (said, heard) = voiced(&said, &heard);
    let power = |samples: &[f64]| samples.iter().map(|s| s * s).sum::<f64>() + 1e-9;
    let gain = f64::sqrt(power(&heard) / power(&said));
    let (ours, theirs) = (bands(&said), bands(&heard));
    Score {
        intelligibility: intelligibility(&ours, &theirs),
        distance: distance(&ours, &theirs, gain),
        level: 20.0 * gain.log10(),
    }
}

fn analysed(samples: &[i16], rate: u32) -> Vec<f64> {
    let converted = resample(samples, rate, RATE).unwrap_or_default();
    converted.into_iter().map(f64::from).collect()
}

// Both without the frames in which nothing was said.
fn voiced(said: &[f64], heard: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let level = |at: usize| said[at..at + HOP].iter().map(|s| s * s).sum::<f64>().max(1e-9).log10() * 10.0;
    let starts: Vec<usize> = (0..said.len().saturating_sub(FRAME)).step_by(HOP).collect();
    let loudest = starts.iter().map(|at| level(*at)).fold(f64::MIN, f64::max);
    let kept = starts.iter().filter(|at| level(**at) > loudest - RANGE);
    kept.fold((Vec::new(), Vec::new()), |(mut a, mut b), at| {
        a.extend(&said[*at..at + HOP]);
        b.extend(&heard[*at..at + HOP]);
        (a, b)
    })
}

fn intelligibility(said: &[[f64; BANDS]], heard: &[[f64; BANDS]]) -> f64 {
    let clip = 1.0 + 10f64.powf(CLIP / 20.0);
    let (mut sum, mut count) = (0.0, 0);
    for start in 0..said.len().saturating_sub(SEGMENT) {
        for band in 0..BANDS {
            let x: Vec<f64> = (start..start + SEGMENT).map(|m| said[m][band]).collect();
            let y: Vec<f64> = (start..start + SEGMENT).map(|m| heard[m][band]).collect();
            let power = |v: &[f64]| v.iter().map(|s| s * s).sum::<f64>() + 1e-9;
            let gain = f64::sqrt(power(&x) / power(&y));
            let y: Vec<f64> = y.iter().zip(&x).map(|(y, x)| (gain * y).min(clip * x)).collect();
            sum += correlation(&x, &y);
            count += 1;
        }
    }
    sum / f64::from(count.max(1))
}

fn correlation(x: &[f64], y: &[f64]) -> f64 {
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let (mx, my) = (mean(x), mean(y));
    let (mut product, mut a, mut b) = (0.0, 1e-9, 1e-9);
    for (x, y) in x.iter().zip(y) {
        product += (x - mx) * (y - my);
        a += (x - mx).powi(2);
        b += (y - my).powi(2);
    }
    product / f64::sqrt(a * b)
}

fn distance(said: &[[f64; BANDS]], heard: &[[f64; BANDS]], gain: f64) -> f64 {
    let loudest = said.iter().flatten().fold(1e-9f64, |a, b| a.max(*b));
    let floor = loudest * 10f64.powf(-RANGE / 20.0);
    let frame = |(x, y): (&[f64; BANDS], &[f64; BANDS])| {
        let difference = |band: usize| 20.0 * (x[band].max(floor) / (y[band] / gain).max(floor)).log10();
        ((0..BANDS).map(|band| difference(band).powi(2)).sum::<f64>() / BANDS as f64).sqrt()
    };
    said.iter().zip(heard).map(frame).sum::<f64>() / said.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::speech;

    fn noisy(said: &[i16], level: i32) -> Vec<i16> {
        let mut state = 1u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 16) as i32 - 32_768) * level / 32_768
        };
        said.iter()
            .map(|s| (i32::from(*s) + noise()).clamp(-32_768, 32_767) as i16)
            .collect()
    }

    #[test]
    fn what_is_unchanged_but_later_and_softer_is_perfect() {
        let said = speech();
        let heard: Vec<i16> = std::iter::repeat_n(0, 1234).chain(said.iter().map(|s| s / 2)).collect();
        let found = score(&said, &heard, 8000);
        assert!(found.intelligibility > 0.99 && found.distance < 0.5, "{found:?}");
        assert!((found.level + 6.02).abs() < 0.1, "{found:?}");
    }

    #[test]
    fn more_noise_is_worse() {
        let said = speech();
        let scores: Vec<Score> = [100, 1000, 8000]
            .map(|level| score(&said, &noisy(&said, level), 8000))
            .into();
        assert!(scores
            .windows(2)
            .all(|w| w[0].intelligibility > w[1].intelligibility && w[0].distance < w[1].distance));
        assert!(scores[2].intelligibility < 0.8, "{scores:?}");
    }
}
