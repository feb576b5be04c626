//! The faults `kill_before` and `kill_after`: the process that called dies, as a Lambda sandbox that runs out of
//! memory would.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::net::SocketAddr;

/// Kills whoever holds the other end of a connection.
pub trait CrashCaller: Send + Sync {
    /// `peer` is the caller's end as the sandbox sees it. An error says why nobody died.
    fn crash(&self, peer: SocketAddr) -> Result<(), String>;
}

/// Finds the process that owns the caller's socket through `/proc` and ends it with SIGKILL, but only a function's
/// process: its executable is called `bootstrap`. A shell or a test that calls by hand is never hit.
#[derive(Debug, Default)]
pub struct ProcessKiller;

/// The name every function's executable has.
const FUNCTION_EXECUTABLE: &str = "bootstrap";

impl CrashCaller for ProcessKiller {
    fn crash(&self, peer: SocketAddr) -> Result<(), String> {
        let inode =
            socket_inode(peer).ok_or_else(|| format!("no TCP socket of this machine has the address {peer}"))?;
        let owners = owners(inode);
        if owners.is_empty() {
            return Err(format!("no process shows socket {inode} of {peer} among its files"));
        }
        let mut killed = false;
        for pid in owners {
            let executable = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
            if executable.file_name().is_some_and(|name| name == FUNCTION_EXECUTABLE) {
                kill(Pid::from_raw(pid), Signal::SIGKILL).map_err(|error| format!("process {pid} stays: {error}"))?;
                killed = true;
            }
        }
        if killed {
            Ok(())
        } else {
            Err(format!("the caller {peer} is no function (its executable is not `{FUNCTION_EXECUTABLE}`)"))
        }
    }
}

/// The inode of the TCP socket whose local end is `local`.
pub(crate) fn socket_inode(local: SocketAddr) -> Option<u64> {
    ["/proc/net/tcp", "/proc/net/tcp6"].iter().find_map(|table| {
        let text = fs::read_to_string(table).ok()?;
        text.lines().skip(1).find_map(|line| {
            let columns: Vec<&str> = line.split_whitespace().collect();
            let (address, inode) = (columns.get(1)?, columns.get(9)?);
            if matches_address(address, local) { inode.parse().ok().filter(|inode| *inode != 0) } else { None }
        })
    })
}

/// The kernel prints `0100007F:1F90`: each 32-bit word of the address in host (little-endian) order, then the port.
/// An IPv4 peer may own an IPv6 socket (`::ffff:127.0.0.1`), so its last word is compared as well.
fn matches_address(printed: &str, wanted: SocketAddr) -> bool {
    let Some((address, port)) = printed.split_once(':') else {
        return false;
    };
    if u16::from_str_radix(port, 16) != Ok(wanted.port()) {
        return false;
    }
    let mut bytes = Vec::new();
    for word in address.as_bytes().chunks(8) {
        let Some(word) = std::str::from_utf8(word).ok().and_then(|word| u32::from_str_radix(word, 16).ok()) else {
            return false;
        };
        bytes.extend(word.to_le_bytes());
    }
    match wanted {
        SocketAddr::V4(v4) => bytes == v4.ip().octets() || bytes == v4.ip().to_ipv6_mapped().octets(),
        SocketAddr::V6(v6) => bytes == v6.ip().octets(),
    }
}

/// Processes that hold the socket with this inode open.
pub(crate) fn owners(inode: u64) -> Vec<i32> {
    let wanted = format!("socket:[{inode}]");
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    processes
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
        .filter(|pid| {
            fs::read_dir(format!("/proc/{pid}/fd")).is_ok_and(|files| {
                files
                    .flatten()
                    .any(|file| fs::read_link(file.path()).is_ok_and(|target| target.as_os_str() == wanted.as_str()))
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_kernels_addresses() {
        let peer = SocketAddr::from(([127, 0, 0, 1], 8080));
        assert!(matches_address("0100007F:1F90", peer));
        assert!(matches_address("0000000000000000FFFF00000100007F:1F90", peer));
        assert!(!matches_address("0100007F:1F91", peer));
        assert!(!matches_address("0200007F:1F90", peer));
    }

    #[test]
    fn never_kills_a_process_that_is_no_function() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let refusal = ProcessKiller.crash(client.local_addr().unwrap()).unwrap_err();
        assert!(refusal.contains("is no function"), "{refusal}");
    }
}
