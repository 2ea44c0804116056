//! What a listener thinks of a line: the E-model of ITU-T G.107 with its default values, reduced to delay, loss and codec.
//!
//! R = 93.2 − Id − Ie,eff. `Id` is the common approximation of G.107's delay curve; `Ie,eff` takes the codec's impairment and
//! robustness from ITU-T G.113 Appendix I where it has them.

use crate::codec::Codec;

/// R of a line without fault.
const BEST: f64 = 93.2;

/// How a codec bears loss: its impairment without any, and the percentage of loss that costs half of what is left. G.113 has
/// those of G.711 with concealment; Opus and L16 are counted like it, G.722 between it and G.711 without.
fn codec_figures(codec: Codec) -> (f64, f64) {
    match codec {
        Codec::Pcmu | Codec::Pcma | Codec::L16(_) | Codec::Opus => (0.0, 25.1),
        Codec::G722 => (0.0, 13.0),
    }
}

/// What is known of one direction.
#[derive(Debug, Clone, Copy)]
pub struct Direction {
    /// What is spoken.
    pub codec: Codec,
    /// Percent of the packets that were of no use.
    pub loss: f64,
    /// Milliseconds from mouth to ear.
    pub delay: f64,
}

/// The rating factor, 0..93.2.
pub fn r_factor(line: Direction) -> f64 {
    let late = (line.delay - 177.3).max(0.0);
    let delay = 0.024 * line.delay + 0.11 * late;
    let (impairment, robustness) = codec_figures(line.codec);
    let equipment = impairment + (95.0 - impairment) * line.loss / (line.loss + robustness);
    (BEST - delay - equipment).clamp(0.0, BEST)
}

/// The mean opinion score that belongs to a rating factor, 1..4.41 (G.107 annex B).
pub fn mos(r: f64) -> f64 {
    (1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6).clamp(1.0, 4.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rated(codec: Codec, loss: f64, delay: f64) -> (f64, f64) {
        let r = r_factor(Direction { codec, loss, delay });
        ((r * 10.0).round() / 10.0, (mos(r) * 100.0).round() / 100.0)
    }

    #[test]
    fn known_lines_have_their_known_scores() {
        assert_eq!(rated(Codec::Pcmu, 0.0, 0.0), (93.2, 4.41));
        assert_eq!(rated(Codec::Pcma, 0.0, 150.0), (89.6, 4.33));
        assert_eq!(rated(Codec::Pcma, 5.0, 50.0), (76.2, 3.87));
        assert_eq!(rated(Codec::Pcmu, 0.0, 400.0), (59.1, 3.05));
    }

    #[test]
    fn more_loss_or_delay_is_never_better() {
        for (_, codec) in Codec::NAMED {
            let rows: Vec<f64> = (0..100).map(|n| rated(codec, f64::from(n), 0.0).0).collect();
            assert!(rows.windows(2).all(|w| w[0] >= w[1]), "{codec:?}");
            let columns: Vec<f64> = (0..100).map(|n| rated(codec, 1.0, f64::from(n) * 20.0).0).collect();
            assert!(columns.windows(2).all(|w| w[0] >= w[1]), "{codec:?}");
        }
    }
}
