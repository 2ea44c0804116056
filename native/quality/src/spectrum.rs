//! Short-time spectra in third-octave bands, as the measures of speech want them.

use std::f64::consts::TAU;

/// Hertz of what is analysed.
pub const RATE: u32 = 10_000;
/// Samples of a frame, 25.6 ms, and from one to the next.
pub const FRAME: usize = 256;
/// From one frame to the next.
pub const HOP: usize = 128;
/// Third-octave bands from 150 Hz to 4.3 kHz.
pub const BANDS: usize = 15;
const SIZE: usize = 512;

/// Amplitudes in each band of each frame.
pub fn bands(samples: &[f64]) -> Vec<[f64; BANDS]> {
    let window: Vec<f64> = (0..FRAME)
        .map(|n| 0.5 - 0.5 * (TAU * (n as f64 + 1.0) / (FRAME as f64 + 1.0)).cos())
        .collect();
    let mut out = Vec::new();
    let mut start = 0;
    while start + FRAME <= samples.len() {
        let (mut re, mut im) = ([0.0; SIZE], [0.0; SIZE]);
        for (n, weight) in window.iter().enumerate() {
            re[n] = samples[start + n] * weight;
        }
        transform(&mut re, &mut im);
        out.push(grouped(&re, &im));
        start += HOP;
    }
    out
}

fn grouped(re: &[f64; SIZE], im: &[f64; SIZE]) -> [f64; BANDS] {
    std::array::from_fn(|band| {
        let centre = 150.0 * 2f64.powf(band as f64 / 3.0);
        let bin = |hertz: f64| (hertz * SIZE as f64 / f64::from(RATE)).round() as usize;
        let (low, high) = (bin(centre / 2f64.powf(1.0 / 6.0)), bin(centre * 2f64.powf(1.0 / 6.0)));
        let power: f64 = (low..high.min(SIZE / 2)).map(|k| re[k] * re[k] + im[k] * im[k]).sum();
        power.sqrt()
    })
}

// In place, radix two.
fn transform(re: &mut [f64; SIZE], im: &mut [f64; SIZE]) {
    let mut j = 0;
    for i in 1..SIZE {
        let mut bit = SIZE >> 1;
        while j & bit != 0 {
            j ^= bit;
            bit >>= 1;
        }
        j |= bit;
        if i < j {
            re.swap(i, j);
            im.swap(i, j);
        }
    }
    let mut length = 2;
    while length <= SIZE {
        for start in (0..SIZE).step_by(length) {
            for k in 0..length / 2 {
                let (sin, cos) = (-TAU * k as f64 / length as f64).sin_cos();
                let (a, b) = (start + k, start + k + length / 2);
                let (x, y) = (re[b] * cos - im[b] * sin, re[b] * sin + im[b] * cos);
                (re[b], im[b]) = (re[a] - x, im[a] - y);
                (re[a], im[a]) = (re[a] + x, im[a] + y);
            }
        }
        length *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_in_its_band_alone() {
        for (band, hertz) in [(3, 300.0), (6, 600.0), (9, 1200.0)] {
            let tone: Vec<f64> = (0..2000)
                .map(|n| (TAU * hertz * f64::from(n) / 10_000.0).sin())
                .collect();
            for frame in bands(&tone) {
                let loudest = (0..BANDS).max_by(|a, b| frame[*a].total_cmp(&frame[*b]));
                assert_eq!(loudest, Some(band), "{hertz}");
            }
        }
    }
}
