//! Figures that the engine counts, readable from any thread.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::Arc;

use offhook_media_core::event::Statistics;

use crate::histogram::Histogram;

/// One shard's figures.
#[derive(Debug, Default)]
pub struct ShardMetrics {
    /// Open sessions.
    pub sessions: AtomicU64,
    /// RTP and RTCP datagrams received, valid or not.
    pub received: AtomicU64,
    /// RTP and RTCP datagrams sent.
    pub sent: AtomicU64,
    /// Datagrams that the kernel refused.
    pub refused: AtomicU64,
    /// Ticks.
    pub ticks: AtomicU64,
    /// Ticks left out because the thread had been stopped for too long.
    pub skipped: AtomicU64,
    /// RTP packets that never arrived, of sessions that are closed.
    pub lost: AtomicU64,
    /// RTP packets that arrived too late, of sessions that are closed.
    pub late: AtomicU64,
    /// RTP packets that were not believed to be the far end's, of sessions that are closed.
    pub strange: AtomicU64,
    /// Milliseconds of audio that was made up for, of sessions that are closed.
    pub concealed: AtomicU64,
    /// How late ticks began.
    pub lateness: Histogram,
}

/// What all shards share.
#[derive(Debug, Default)]
pub struct SharedMetrics {
    /// Prompts that were found decoded.
    pub prompt_hits: AtomicU64,
    /// Prompts that had to be decoded.
    pub prompt_misses: AtomicU64,
    /// Bytes of decoded prompts that are kept.
    pub prompt_bytes: AtomicU64,
    /// Samples of recordings that were lost because the disk could not follow.
    pub samples_dropped: AtomicU64,
    /// Chunks of taps that were lost because nobody fetched them.
    pub chunks_dropped: AtomicU64,
    /// Keys and losses of RTP that were not told because nobody fetched events.
    pub events_dropped: AtomicU64,
}

/// Adds one.
pub fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}

impl ShardMetrics {
    /// Adds what a session saw in its life.
    pub fn add(&self, session: &Statistics) {
        self.lost.fetch_add(session.packets_lost, Relaxed);
        self.late.fetch_add(session.packets_late, Relaxed);
        self.strange.fetch_add(session.packets_refused, Relaxed);
        self.concealed.fetch_add(session.concealed, Relaxed);
    }
}

/// Figures of all shards together.
#[derive(Debug, Clone, Copy, Default)]
pub struct Figures {
    /// Threads with sessions.
    pub shards: u64,
    /// Open sessions.
    pub sessions: u64,
    /// Datagrams received.
    pub received: u64,
    /// Datagrams sent.
    pub sent: u64,
    /// Datagrams that the kernel refused to send.
    pub refused: u64,
    /// RTP packets that never arrived, of sessions that are closed.
    pub lost: u64,
    /// RTP packets that arrived too late, of sessions that are closed.
    pub late: u64,
    /// RTP packets that were not believed to be the far end's, of sessions that are closed.
    pub strange: u64,
    /// Milliseconds of audio that was made up for, of sessions that are closed.
    pub concealed: u64,
    /// Ticks.
    pub ticks: u64,
    /// Ticks left out.
    pub skipped: u64,
    /// Lateness of ticks, µs.
    pub lateness_p50: u64,
    /// Lateness of ticks, µs.
    pub lateness_p99: u64,
    /// Lateness of ticks, µs.
    pub lateness_max: u64,
    /// Prompts found decoded.
    pub prompt_hits: u64,
    /// Prompts that had to be decoded.
    pub prompt_misses: u64,
    /// Bytes of decoded prompts kept.
    pub prompt_bytes: u64,
    /// Samples of recordings lost to a slow disk.
    pub samples_dropped: u64,
    /// Chunks of taps lost to a slow reader.
    pub chunks_dropped: u64,
    /// Keys and losses of RTP not told.
    pub events_dropped: u64,
}

impl Figures {
    /// Read now.
    pub fn of(shards: &[Arc<ShardMetrics>], shared: &SharedMetrics) -> Self {
        let sum = |of: fn(&ShardMetrics) -> u64| shards.iter().map(|m| of(m)).sum();
        let lateness = shards.iter().map(|m| &m.lateness);
        Self {
            shards: shards.len() as u64,
            sessions: sum(|m| m.sessions.load(Relaxed)),
            received: sum(|m| m.received.load(Relaxed)),
            sent: sum(|m| m.sent.load(Relaxed)),
            refused: sum(|m| m.refused.load(Relaxed)),
            lost: sum(|m| m.lost.load(Relaxed)),
            late: sum(|m| m.late.load(Relaxed)),
            strange: sum(|m| m.strange.load(Relaxed)),
            concealed: sum(|m| m.concealed.load(Relaxed)),
            ticks: sum(|m| m.ticks.load(Relaxed)),
            skipped: sum(|m| m.skipped.load(Relaxed)),
            lateness_p50: Histogram::quantile(lateness.clone(), 0.5),
            lateness_p99: Histogram::quantile(lateness.clone(), 0.99),
            lateness_max: Histogram::most(lateness),
            prompt_hits: shared.prompt_hits.load(Relaxed),
            prompt_misses: shared.prompt_misses.load(Relaxed),
            prompt_bytes: shared.prompt_bytes.load(Relaxed),
            samples_dropped: shared.samples_dropped.load(Relaxed),
            chunks_dropped: shared.chunks_dropped.load(Relaxed),
            events_dropped: shared.events_dropped.load(Relaxed),
        }
    }
}
