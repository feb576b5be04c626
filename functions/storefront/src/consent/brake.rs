//! How often one network may sign somebody up: the form sends mail to whatever address is typed into it.

use domain::Timestamp;
use domain::subject::{Subject, short_hash};
use jiff::SignedDuration;
use ledger::{Ledger, LedgerError, Table};

/// So many different addresses from one network within [`WINDOW`]: a family, an office, a fair's tablet for a while.
const MOST: usize = 10;
const WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// Whether this contact may be signed up from there. The same contact again counts once. Where nobody knows where from, one network
/// is all of them.
pub(super) async fn lets<T: Table>(
    ledger: &Ledger<T>,
    shop: &Subject,
    ip: Option<&str>,
    contact: &str,
    now: Timestamp,
) -> Result<bool, LedgerError> {
    // Of an IPv6 address the network: a household has more addresses than there are people.
    let network = ip.map_or_else(String::new, |ip| match ip.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V6(ip)) => ip.segments()[..4].iter().map(|part| format!("{part:x}:")).collect(),
        _ => ip.to_owned(),
    });
    let about = format!("sign-up#{}", short_hash(&[&shop.to_string(), &network], 24));
    let since = now.checked_sub(WINDOW).unwrap_or(now);
    let lately = |marks: Vec<ledger::Mark>| marks.into_iter().filter(|mark| mark.at >= since).collect::<Vec<_>>();
    let marks = lately(ledger.marks(&about, "contact#").await?);
    let name = format!("contact#{contact}");
    if marks.iter().any(|mark| mark.name == name) {
        return Ok(true);
    }
    if marks.len() >= MOST {
        return Ok(false);
    }
    ledger.mark_once(&about, &name, "", now, WINDOW).await?;
    Ok(true)
}
