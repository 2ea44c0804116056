//! Puts what was heard beside what was said: the delay is no fault, nor is that it changes a little with the jitter buffer's.

use std::ops::Range;

/// Samples that are aligned as one piece, at 10 kHz.
const PIECE: usize = 3000;
/// How far the first piece may be, and each behind the one before it.
const FAR: i64 = 12_000;
const NEAR: i64 = 1200;

/// As many samples as were said, each piece from where it was heard; silence where nothing was.
pub fn aligned(said: &[f64], heard: &[f64]) -> Vec<f64> {
    let mut out = Vec::with_capacity(said.len());
    let mut lag = best(said, heard, 0..said.len(), 0, FAR);
    for start in (0..said.len()).step_by(PIECE) {
        let piece = start..(start + PIECE).min(said.len());
        lag = best(said, heard, piece.clone(), lag, NEAR);
        out.extend(piece.map(|n| sample(heard, n as i64 + lag)));
    }
    out
}

// The best lag, sought roughly at first.
fn best(said: &[f64], heard: &[f64], piece: Range<usize>, around: i64, span: i64) -> i64 {
    let near = likeliest(said, heard, piece.clone(), around, span, 3);
    likeliest(said, heard, piece, near, 3, 1)
}

fn sample(heard: &[f64], at: i64) -> f64 {
    usize::try_from(at)
        .ok()
        .and_then(|at| heard.get(at))
        .copied()
        .unwrap_or(0.0)
}

// The lag at which a piece is most like what was heard; the old one where it is like nothing.
fn likeliest(said: &[f64], heard: &[f64], piece: Range<usize>, around: i64, span: i64, step: usize) -> i64 {
    let mut best = (0.3, around);
    for lag in (around - span..=around + span).step_by(step) {
        let (mut product, mut ours, mut theirs) = (0.0, 1e-9, 1e-9);
        for at in piece.clone().step_by(step) {
            let (a, b) = (said[at], sample(heard, at as i64 + lag));
            product += a * b;
            ours += a * a;
            theirs += b * b;
        }
        // Of two that are alike, the nearer.
        let likeness = product / f64::sqrt(ours * theirs) - 1e-6 * (lag - around).abs() as f64;
        if likeness > best.0 {
            best = (likeness, lag);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_that_jumps_is_taken_out() {
        let (mut state, mut low) = (1u32, 0.0);
        let said: Vec<f64> = (0..12_000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                low += 0.15 * (f64::from(state >> 16) - 32_768.0 - low);
                low
            })
            .collect();
        let mut heard = vec![0.0; 700];
        heard.extend(&said[..6000]);
        heard.extend([0.0; 150]);
        heard.extend(&said[6000..]);
        let out = aligned(&said, &heard);
        let wrong = out.iter().zip(&said).filter(|(a, b)| (**a - **b).abs() > 1e-9).count();
        assert!(wrong < 200, "{wrong}");
    }
}
