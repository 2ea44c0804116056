//! Sockets in an epoll set, for both sides of the benchmark.

use std::io;
use std::net::UdpSocket;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::epoll;
use rustix::time::Timespec;

/// Many sockets on loopback, and who has something to read.
pub struct Sockets {
    /// In the order of the legs.
    pub all: Vec<UdpSocket>,
    set: OwnedFd,
    ready: Vec<epoll::Event>,
}

impl Sockets {
    /// On ports of the kernel's choice.
    pub fn bind(legs: usize) -> io::Result<Self> {
        let set = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let mut all = Vec::with_capacity(legs);
        for leg in 0..legs {
            let socket = UdpSocket::bind("127.0.0.1:0")?;
            socket.set_nonblocking(true)?;
            epoll::add(
                &set,
                &socket,
                epoll::EventData::new_u64(leg as u64),
                epoll::EventFlags::IN,
            )?;
            all.push(socket);
        }
        Ok(Self {
            all,
            set,
            ready: Vec::with_capacity(256),
        })
    }

    /// Also wakes for this; reported as leg `u64::MAX`.
    pub fn watch(&self, other: impl std::os::fd::AsFd) -> io::Result<()> {
        Ok(epoll::add(
            &self.set,
            other,
            epoll::EventData::new_u64(u64::MAX),
            epoll::EventFlags::IN,
        )?)
    }

    /// The legs that have something to read, waiting for them until `deadline`.
    pub fn wait(&mut self, deadline: Instant) -> io::Result<impl Iterator<Item = u64> + '_> {
        let left = deadline
            .saturating_duration_since(Instant::now())
            .min(Duration::from_secs(1));
        let timeout = Timespec {
            tv_sec: left.as_secs() as i64,
            tv_nsec: i64::from(left.subsec_nanos()),
        };
        self.ready.clear();
        match epoll::wait(
            &self.set,
            rustix::buffer::spare_capacity(&mut self.ready),
            Some(&timeout),
        ) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(self.ready.iter().map(|event| event.data.u64())),
            Err(error) => Err(error.into()),
        }
    }
}
