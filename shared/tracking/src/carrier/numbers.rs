//! What carriers' numbers look like: one row each, and nothing about a carrier in code.
//!
//! Sources: UPU S10; GS1 General Specifications (SSCC); USPS Publication 199; UPS's, FedEx's and DPD's label guides; GLS's UniBox
//! description; and the open table github.com/jkeen/tracking_number_data (MIT), read as facts. `weight` is ours: how sure a number
//! of this look is this carrier's, of a hundred. A check digit that fits by chance does so once in ten times (once in seven,
//! for sevens), which is why short numbers weigh little however well they fit.

use super::check::{Check, GLS, GS1, IDENTCODE, ONTRAC, UPS, USPS_91};

/// One kind of number.
#[derive(Debug)]
pub(super) struct Rule {
    pub carrier: Whose,
    /// A regular expression over the whole number, in capitals and digits. Group 1 is what the check digit, group 2, closes.
    pub pattern: &'static str,
    pub check: Check,
    pub weight: u8,
}

/// Whose number it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// A carrier's key.
    Of(&'static str),
    /// The post's of the country in group 3.
    PostOf,
}

const fn rule(carrier: &'static str, pattern: &'static str, check: Check, weight: u8) -> Rule {
    Rule { carrier: Whose::Of(carrier), pattern, check, weight }
}

#[rustfmt::skip]
pub(super) const RULES: &[Rule] = &[
    // Posts of the world.
    Rule { carrier: Whose::PostOf, pattern: r"[A-Z]{2}([0-9]{8})([0-9])([A-Z]{2})", check: Check::S10, weight: 95 },
    rule("parcelforce",     r"P[A-Z]([0-9]{8})([0-9])GB",                     Check::S10,   60),
    rule("chronopost",      r"X[A-Z]([0-9]{8})([0-9])FR",                     Check::S10,   60),
    // UPS.
    rule("ups",             r"1Z([0-9A-Z]{15})([0-9])",                       UPS,          99),
    rule("ups",             r"[AHJKTV]([0-9]{9})([0-9])",                     UPS,          70),
    // USPS: the package barcode of 22 digits and more, with or without the destination's ZIP code before it.
    rule("usps",            r"(?:420[0-9]{5}(?:[0-9]{4})?)?(9[1-5][0-9]{19})([0-9])", GS1,  96),
    rule("usps",            r"(?:420[0-9]{5}(?:[0-9]{4})?)?(9[2-4][0-9]{23})([0-9])", GS1,  94),
    rule("usps",            r"((?:03|23|7[0-9]|8[1-9])[0-9]{17})([0-9])",     GS1,          70),
    rule("usps",            r"((?:0[1-7]|2[1-6]|7[0-9]|8[1-9])[0-9]{17})([0-9])", USPS_91,  65),
    // FedEx.
    rule("fedex",           r"([0-9]{11})([0-9])",                            Check::Fedex, 60),
    rule("fedex",           r"([0-9]{14})([0-9])",                            GS1,          70),
    rule("fedex",           r"96[0-9]{2}[0-9]{3}([0-9]{14})([0-9])",          GS1,          92),
    rule("fedex",           r"96[0-9]{2}[0-9]{5}[0-9]{10}[0-9]([0-9]{13})([0-9])", Check::Fedex, 95),
    rule("fedex",           r"[0-8][0-9]{14}[0-9]{5}([0-9]{13})([0-9])",      Check::Fedex, 80),
    rule("fedex",           r"3[0-9]{15}([0-9]{11})([0-9])[0-9]{4}",          Check::Fedex, 75),
    // DHL's companies.
    rule("dhl-express",     r"([0-9]{9})([0-9])",                             Check::Seven, 55),
    rule("dhl-express",     r"JJ?D01[0-9]{9,16}()()",                         Check::None,  75),
    rule("dhl-paket",       r"(00340434[0-9]{11})([0-9])",                    GS1,          97),
    rule("dhl-paket",       r"JJD(?:0003|0146|15)[0-9]{8,16}()()",            Check::None,  80),
    rule("dhl-paket",       r"([0-9]{11})([0-9])",                            IDENTCODE,    45),
    rule("dhl-parcel-nl",   r"JVGL[0-9]{10,20}()()",                          Check::None,  85),
    rule("dhl-ecommerce",   r"GM[0-9A-Z]{14,20}()()",                         Check::None,  80),
    rule("deutsche-post",   r"(00340433[0-9]{11})([0-9])",                    GS1,          70),
    // North America.
    rule("canada-post",     r"([0-9]{15})([0-9])",                            GS1,          65),
    rule("purolator",       r"([0-5][0-9]{10})([0-9])",                       Check::Luhn,  45),
    rule("purolator",       r"[A-Z]{3}[0-9]{9}()()",                          Check::None,  60),
    rule("canpar",          r"[CDKLSUXZ][0-9]{21}()()",                       Check::None,  80),
    rule("ontrac",          r"([CD][0-9]{13})([0-9])",                        ONTRAC,       90),
    rule("lasership",       r"1LS(?:7[12]|CX)[0-9A-Z]{10,13}()()",            Check::None,  90),
    rule("lasership",       r"L[AIEHNX][0-9]{8}()()",                         Check::None,  65),
    rule("amazon",          r"TB[ACM][0-9]{12}()()",                          Check::None,  97),
    rule("landmark-global", r"LTN[0-9]{8}N1()()",                             Check::None,  97),
    rule("gofo",            r"GFUS[0-9]{14}()()",                             Check::None,  95),
    rule("speedee",         r"SP[0-9]{18}()()",                               Check::None,  85),
    // Europe.
    rule("evri",            r"[CEHPT][0-9]{2}[0-9A-Z]{3}[0-9]{10}()()",        Check::None,  85),
    rule("yodel",           r"JJ?D000[0-9]{13}()()",                          Check::None,  70),
    rule("dpd",             r"([0-9]{27})([0-9A-Z])",                         Check::Mod37, 85),
    rule("dpd",             r"([0-9]{14})([0-9A-Z])",                         Check::Mod37, 62),
    rule("gls",             r"([0-9]{11})([0-9])",                            GLS,          40),
    rule("postnl",          r"3S[0-9A-Z]{11,15}()()",                         Check::None,  88),
    rule("la-poste",        r"[0-9][A-Z][0-9]{11}()()",                       Check::None,  75),
    rule("bpost",           r"32[0-9]{22}()()",                               Check::None,  70),
    rule("inpost",          r"6[0-9]{23}()()",                                Check::None,  70),
    rule("swiss-post",      r"9[89][0-9]{16}()()",                            Check::None,  80),
    rule("posten-norge",    r"(370[0-9]{14})([0-9])",                         GS1,          85),
    rule("postnord-se",     r"(373[0-9]{14})([0-9])",                         GS1,          85),
    rule("postnord-dk",     r"(357[0-9]{14})([0-9])",                         GS1,          75),
    // Asia and the Pacific.
    rule("japan-post",      r"([0-9]{11})([0-9])",                            Check::Seven, 34),
    rule("yamato",          r"([0-9]{11})([0-9])",                            Check::Seven, 36),
    rule("sagawa",          r"([0-9]{11})([0-9])",                            Check::Seven, 35),
    rule("yunexpress",      r"YT[0-9]{16}()()",                               Check::None,  95),
    rule("yanwen",          r"[UVY][A-Z][0-9]{9}YW()()",                      Check::None,  88),
    rule("4px",             r"4PX[0-9]{13}CN()()",                            Check::None,  97),
    rule("cainiao",         r"LP[0-9]{14,16}()()",                            Check::None,  85),
    rule("australia-post",  r"(00993[0-9]{14})([0-9])",                       GS1,          70),
];
