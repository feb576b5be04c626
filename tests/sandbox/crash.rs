//! The faults `kill_before` and `kill_after`: the process that called dies, as a Lambda sandbox that runs out of
//! memory would.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::net::SocketAddr;

/// Kills whoever holds the other end of a connection.
pub trait CrashCaller: Send + Sync {
    /// `peer` is the caller's end as the sandbox sees it. The name of the function that died; an error says why none did.
    fn crash(&self, peer: SocketAddr) -> Result<String, String>;
}

/// Finds the process that owns the caller's socket through `/proc` and ends it with SIGKILL, but only a function's
/// process: its executable is called `bootstrap`. A shell or a test that calls by hand is never hit.
#[derive(Debug, Default)]
pub struct ProcessKiller;

/// The name every function's executable has.
const FUNCTION_EXECUTABLE: &str = "bootstrap";
/// Where Lambda tells a function its name.
pub(crate) const FUNCTION_NAME: &str = "AWS_LAMBDA_FUNCTION_NAME";

impl CrashCaller for ProcessKiller {
    fn crash(&self, peer: SocketAddr) -> Result<String, String> {
        let inode =
            socket_inode(peer).ok_or_else(|| format!("no TCP socket of this machine has the address {peer}"))?;
        let owners = owners(inode);
        if owners.is_empty() {
            return Err(format!("no process shows socket {inode} of {peer} among its files"));
        }
        let mut killed = None;
        for pid in owners {
            let executable = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
            if executable.file_name().is_some_and(|name| name == FUNCTION_EXECUTABLE) {
                let name = environment(pid, FUNCTION_NAME).unwrap_or_else(|| format!("process {pid}"));
                kill(Pid::from_raw(pid), Signal::SIGKILL).map_err(|error| format!("{name} stays: {error}"))?;
                killed = Some(name);
            }
        }
        killed
            .ok_or_else(|| format!("the caller {peer} is no function (its executable is not `{FUNCTION_EXECUTABLE}`)"))
    }
}

/// A variable of a process's environment.
pub(crate) fn environment(pid: i32, name: &str) -> Option<String> {
    let all = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let value = |entry: &[u8]| entry.strip_prefix(name.as_bytes())?.strip_prefix(b"=").map(<[u8]>::to_vec);
    all.split(|byte| *byte == 0).find_map(value).and_then(|value| String::from_utf8(value).ok())
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
