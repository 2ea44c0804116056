//! A line in virtual time that delays, jitters, loses and reorders packets; for tests only.
#![forbid(unsafe_code)]

/// One direction of a line. Times are microseconds; everything follows from the seed.
#[derive(Debug)]
pub struct Line {
    random: u64,
    delay: u64,
    jitter: u64,
    loss: u64,
    burst: u64,
    losing: bool,
    reorder: u64,
    under_way: Vec<(u64, u64, Vec<u8>)>,
    sent: u64,
    last: u64,
}

const PER_MILLION: u64 = 1_000_000;

impl Line {
    /// A perfect line.
    pub fn new(seed: u64) -> Self {
        Self {
            random: seed,
            delay: 0,
            jitter: 0,
            loss: 0,
            burst: 1,
            losing: false,
            reorder: 0,
            under_way: Vec::new(),
            sent: 0,
            last: 0,
        }
    }

    /// Every packet takes so long.
    pub fn delay(mut self, micros: u64) -> Self {
        self.delay = micros;
        self
    }

    /// And up to so much longer, evenly spread, without overtaking.
    pub fn jitter(mut self, micros: u64) -> Self {
        self.jitter = micros;
        self
    }

    /// So many of a million are lost.
    pub fn loss(mut self, per_million: u64) -> Self {
        self.loss = per_million;
        self
    }

    /// Losses come in rows of so many on average, as many of a million in all as `loss` says (the simple Gilbert model).
    pub fn bursts(mut self, packets: u64) -> Self {
        self.burst = packets.max(1);
        self
    }

    /// So many of a million are overtaken by those behind them.
    pub fn reorder(mut self, per_million: u64) -> Self {
        self.reorder = per_million;
        self
    }

    // SplitMix64 (Steele, Lea and Flood, 2014).
    fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn loses(&mut self) -> bool {
        let stays = PER_MILLION - PER_MILLION / self.burst;
        let begins = self.loss * (PER_MILLION / self.burst) / (PER_MILLION - self.loss).max(1);
        let likely = match (self.burst, self.losing) {
            (1, _) => self.loss,
            (_, true) => stays,
            (_, false) => begins,
        };
        self.losing = self.random() % PER_MILLION < likely;
        self.losing
    }

    /// A packet enters the line.
    pub fn send(&mut self, now: u64, packet: Vec<u8>) {
        if self.loses() {
            return;
        }
        let overtaken = self.random() % PER_MILLION < self.reorder;
        let spread = self.random() % (self.jitter + 1);
        let mut due = now + self.delay + spread;
        if overtaken {
            due += 50_000;
        } else {
            due = due.max(self.last);
            self.last = due;
        }
        self.sent += 1;
        self.under_way.push((due, self.sent, packet));
    }

    /// What has come out by now, in order of arrival.
    pub fn arrived(&mut self, now: u64) -> Vec<Vec<u8>> {
        let (mut out, rest): (Vec<_>, Vec<_>) = self.under_way.drain(..).partition(|(due, ..)| *due <= now);
        self.under_way = rest;
        out.sort();
        out.into_iter().map(|(_, _, packet)| packet).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(line: &mut Line) -> Vec<u64> {
        (0..1000u64).for_each(|n| line.send(n * 20_000, n.to_be_bytes().to_vec()));
        line.arrived(u64::MAX)
            .iter()
            .map(|p| u64::from_be_bytes(p.as_slice().try_into().unwrap()))
            .collect()
    }

    #[test]
    fn a_perfect_line_changes_nothing() {
        assert_eq!(run(&mut Line::new(1)), (0..1000).collect::<Vec<_>>());
    }

    #[test]
    fn a_line_that_jitters_keeps_the_order() {
        assert_eq!(run(&mut Line::new(1).jitter(90_000)), (0..1000).collect::<Vec<_>>());
    }

    #[test]
    fn loss_and_reordering_are_about_as_ordered() {
        let lost = 1000 - run(&mut Line::new(1).loss(100_000)).len();
        assert!((60..140).contains(&lost), "{lost}");
        let heard = run(&mut Line::new(1).reorder(100_000));
        let back = heard.windows(2).filter(|w| w[0] > w[1]).count();
        assert!((60..140).contains(&back), "{back}");
    }

    #[test]
    fn losses_come_in_rows_where_they_shall() {
        let heard = run(&mut Line::new(2).loss(100_000).bursts(4));
        let lost = 1000 - heard.len();
        let rows = heard.windows(2).filter(|w| w[1] - w[0] > 1).count();
        assert!((60..140).contains(&lost), "{lost}");
        assert!((2.5..6.0).contains(&(lost as f64 / rows as f64)), "{lost} {rows}");
    }
}
