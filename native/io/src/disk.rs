//! The writers: threads that encode recordings and put them on disk, so that neither ever delays a tick.
//!
//! At most `MOST_WAITING` bytes wait; what exceeds them is lost and silence of its length is written in its place.
//! Files are created, completed and closed whatever waits. A file that can be written no more keeps what it has.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{unbounded, Receiver, Sender};
use offhook_media_core::world::{Complete, FileId, FileWrite, Written};

use crate::file::RecordingFile;
use crate::metrics::SharedMetrics;

const MOST_WAITING: usize = 64 << 20;
const MOST_THREADS: usize = 4;

/// The shards' end of the writers' queues.
#[derive(Debug, Clone)]
pub struct Disk {
    queues: Arc<[Sender<FileWrite>]>,
    waiting: Arc<AtomicUsize>,
    metrics: Arc<SharedMetrics>,
}

impl Disk {
    /// Starts the threads; they end when the last clone is dropped.
    pub fn start(metrics: Arc<SharedMetrics>) -> io::Result<(Self, Vec<JoinHandle<()>>)> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let waiting = Arc::new(AtomicUsize::new(0));
        let (mut queues, mut threads) = (Vec::new(), Vec::new());
        for index in 0..cores.min(MOST_THREADS) {
            let (queue, orders) = unbounded();
            let shared = Arc::clone(&waiting);
            let thread = std::thread::Builder::new()
                .name(format!("offhook-write-{index}"))
                .spawn(move || write_all(&orders, &shared))?;
            queues.push(queue);
            threads.push(thread);
        }
        let disk = Self {
            queues: queues.into(),
            waiting,
            metrics,
        };
        Ok((disk, threads))
    }

    /// Queues an order; `false` when samples are lost.
    pub fn write(&self, write: FileWrite) -> bool {
        if let FileWrite::Append { samples, .. } = &write {
            let bytes = samples.len() * 2;
            if self.waiting.load(Relaxed) + bytes > MOST_WAITING {
                self.metrics.samples_dropped.fetch_add(samples.len() as u64, Relaxed);
                return false;
            }
            self.waiting.fetch_add(bytes, Relaxed);
        }
        let (FileWrite::Open { file, .. } | FileWrite::Append { file, .. } | FileWrite::Finish { file, .. }) = &write;
        let queue = &self.queues[(*file % self.queues.len() as u64) as usize];
        // Without a writer there is nobody to tell, either.
        queue.send(write).is_ok()
    }
}

fn write_all(orders: &Receiver<FileWrite>, waiting: &AtomicUsize) {
    let mut files: HashMap<FileId, (RecordingFile, Written)> = HashMap::new();
    for order in orders {
        match order {
            FileWrite::Open {
                file,
                path,
                form,
                goes_on,
                written,
            } => match RecordingFile::open(&path, form, goes_on, file as u32) {
                Ok(created) => {
                    files.insert(file, (created, written));
                }
                Err(error) => tell(&written, Err(format!("cannot record to {path}: {error}"))),
            },
            FileWrite::Append { file, samples, missing } => {
                waiting.fetch_sub(samples.len() * 2, Relaxed);
                let outcome = files.get_mut(&file).map(|(open, _)| open.append(&samples, missing));
                let Some(Err(error)) = outcome else { continue };
                if let Some((open, written)) = files.remove(&file) {
                    let reason = format!("the recording cannot be written: {error}");
                    tell(&written, left(open, &reason));
                }
            }
            FileWrite::Finish { file, keep } => {
                if let Some((mut open, written)) = files.remove(&file) {
                    let outcome = match open.finish(keep) {
                        Ok(samples) => Ok(Complete { samples, broken: None }),
                        Err(error) => left(open, &format!("the recording cannot be completed: {error}")),
                    };
                    tell(&written, outcome);
                }
            }
        }
    }
    // The engine is closing: what was heard stays readable.
    for (file, _) in files.values_mut() {
        let _ = file.tell_length();
    }
}

fn tell(written: &Written, outcome: Result<Complete, String>) {
    // Told once; a second failure adds nothing.
    let _ = written.set(outcome);
}

/// What there is of a file that can be written no more.
fn left(mut file: RecordingFile, reason: &str) -> Result<Complete, String> {
    match file.salvage() {
        Ok(samples) if samples > 0 => Ok(Complete {
            samples,
            broken: Some(reason.to_owned()),
        }),
        _ => Err(reason.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use offhook_media_core::tape::{Form, Format};

    fn path(name: &str) -> String {
        let name = format!("offhook-disk-{}-{name}.wav", std::process::id());
        std::env::temp_dir().join(name).to_string_lossy().into_owned()
    }

    fn open(file: FileId, path: &str, written: &Written) -> FileWrite {
        let form = Form {
            format: Format::Wav,
            channels: 1,
            rate: 8000,
        };
        FileWrite::Open {
            file,
            path: path.into(),
            form,
            goes_on: false,
            written: Arc::clone(written),
        }
    }

    fn append(file: FileId, samples: usize) -> FileWrite {
        FileWrite::Append {
            file,
            samples: vec![5; samples],
            missing: 0,
        }
    }

    fn run(writes: Vec<FileWrite>) {
        let (disk, threads) = Disk::start(Arc::default()).expect("threads");
        writes.into_iter().for_each(|write| assert!(disk.write(write)));
        drop(disk);
        threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
    }

    #[test]
    fn many_files_are_each_written_in_order() {
        let files: Vec<(FileId, String, Written)> = (1..=20)
            .map(|id| (id, path(&format!("many-{id}")), Written::default()))
            .collect();
        let mut writes: Vec<FileWrite> = files
            .iter()
            .map(|(id, path, written)| open(*id, path, written))
            .collect();
        writes.extend((0..5).flat_map(|_| (1..=20).map(|id| append(id, id as usize))));
        writes.extend((1..=20).map(|file| FileWrite::Finish { file, keep: u64::MAX }));
        run(writes);
        for (id, path, written) in files {
            let samples = 5 * id;
            assert_eq!(written.get(), Some(&Ok(Complete { samples, broken: None })));
            let wav = offhook_media_decode::decode(std::fs::File::open(&path).expect("a file"), 1_000_000)
                .expect("a recording");
            assert_eq!(wav.samples.len() as u64, samples);
            std::fs::remove_file(&path).expect("removed");
        }
    }

    #[test]
    fn a_recording_that_nobody_completes_is_readable() {
        let (path, written) = (path("left"), Written::default());
        run(vec![open(1, &path, &written), append(1, 4)]);
        let bytes = std::fs::read(&path).expect("a file");
        std::fs::remove_file(&path).expect("removed");
        assert_eq!(bytes[40..44], 8u32.to_le_bytes());
    }

    #[test]
    fn a_file_that_cannot_be_made_says_why() {
        let written = Written::default();
        run(vec![
            open(1, "/nowhere/a.wav", &written),
            FileWrite::Finish { file: 1, keep: 0 },
        ]);
        assert!(matches!(written.get(), Some(Err(reason)) if reason.starts_with("cannot record to /nowhere/a.wav")));
    }
}
