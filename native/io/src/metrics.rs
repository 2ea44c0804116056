//! Figures that the engine counts, readable from any thread.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

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
