//! Check digits, each as its carrier or standard publishes it.

/// How the last character of a number follows from the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// None is published.
    None,
    /// Weights in turn from the right, the sum brought to the next ten. A letter counts as UPS writes it: `A` is 2, `B` 3, `I` 0.
    Tens(Tens),
    /// Weights 1, 3, 7 in turn from the right, the sum modulo 11, of that the last digit: FedEx's own.
    Fedex,
    /// UPU S10, clause 5: weights 8 6 4 2 3 5 9 7 from the left, 11 less the sum modulo 11; 10 is 0 and 11 is 5.
    S10,
    /// The rest of a division by seven: air waybills (IATA), Japan's parcel services.
    Seven,
    /// ISO/IEC 7812 (Luhn).
    Luhn,
    /// ISO/IEC 7064, MOD 37/36: DPD's parcel labels.
    Mod37,
}

/// What differs between the checks modulo ten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tens {
    /// The weight of the character before the check digit, and of the one before that.
    weights: (u32, u32),
    /// What is added to the sum.
    plus: u32,
    /// What the number is counted with in front.
    before: &'static str,
}

/// GS1: 3 and 1.
pub(super) const GS1: Check = tens(3, 1);
/// UPS: 1 and 2.
pub(super) const UPS: Check = tens(1, 2);
/// OnTrac: 2 and 1.
pub(super) const ONTRAC: Check = tens(2, 1);
/// Deutsche Post's Identcode: 4 and 9.
pub(super) const IDENTCODE: Check = tens(4, 9);
/// GLS: as GS1, and one more.
pub(super) const GLS: Check = Check::Tens(Tens { weights: (3, 1), plus: 1, before: "" });
/// USPS labels that leave out their application identifier, 91.
pub(super) const USPS_91: Check = Check::Tens(Tens { weights: (3, 1), plus: 0, before: "91" });

const fn tens(first: u32, second: u32) -> Check {
    Check::Tens(Tens { weights: (first, second), plus: 0, before: "" })
}

impl Check {
    /// Whether `check` closes `serial`. Both in capitals and digits.
    pub(super) fn fits(self, serial: &str, check: &str) -> bool {
        let wanted = match self {
            Self::None => return true,
            Self::Tens(tens) => tens.digit(serial),
            Self::Fedex => {
                let weighted = digits(serial).rev().zip([1, 3, 7].into_iter().cycle());
                Some(weighted.map(|(digit, weight)| digit * weight).sum::<u32>() % 11 % 10)
            }
            Self::S10 => {
                let weighted = digits(serial).zip([8, 6, 4, 2, 3, 5, 9, 7]);
                Some(match 11 - weighted.map(|(digit, weight)| digit * weight).sum::<u32>() % 11 {
                    10 => 0,
                    11 => 5,
                    digit => digit,
                })
            }
            Self::Seven => Some(digits(serial).fold(0, |rest, digit| (rest * 10 + digit) % 7)),
            Self::Luhn => {
                let doubled = digits(serial).rev().zip([2, 1].into_iter().cycle()).map(|(digit, by)| digit * by);
                Some((10 - doubled.map(|digit| digit / 10 + digit % 10).sum::<u32>() % 10) % 10)
            }
            Self::Mod37 => mod_37_36(serial),
        };
        let given = check.chars().next().and_then(|sign| sign.to_digit(36));
        wanted.is_some() && wanted == given
    }
}

impl Tens {
    fn digit(self, serial: &str) -> Option<u32> {
        let weights = [self.weights.0, self.weights.1].into_iter().cycle();
        let mut sum = self.plus;
        for (sign, weight) in self.before.chars().chain(serial.chars()).rev().zip(weights) {
            let value = sign.to_digit(10).or_else(|| sign.is_ascii_uppercase().then(|| (u32::from(sign) - 3) % 10))?;
            sum += value * weight;
        }
        Some((10 - sum % 10) % 10)
    }
}

fn digits(text: &str) -> impl DoubleEndedIterator<Item = u32> {
    text.chars().filter_map(|sign| sign.to_digit(10))
}

/// The check character's value, 0 to 35.
fn mod_37_36(serial: &str) -> Option<u32> {
    let mut carried = 36;
    for sign in serial.chars() {
        let sum = carried + sign.to_digit(36)?;
        let sum = if sum > 36 { sum - 36 } else { sum };
        carried = sum * 2 % 37;
    }
    Some((37 - carried) % 36)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where one sign is changed, no check of the table is content.
    #[test]
    fn a_digit_read_wrongly_is_seen() {
        let right = [
            (GS1, "940011120620640626078", '7'),
            (UPS, "999AA1012345678", '4'),
            (Check::Fedex, "98657878885", '5'),
            (Check::S10, "12345678", '5'),
            (Check::Seven, "331881002", '5'),
            (Check::Luhn, "32059546393", '8'),
            (IDENTCODE, "12345678901", '6'),
            (GLS, "40411002100", '6'),
        ];
        for (check, serial, digit) in right {
            assert!(check.fits(serial, &digit.to_string()), "{check:?} {serial}");
            let others = ('0'..='9').filter(|other| *other != digit);
            assert!(others.into_iter().all(|other| !check.fits(serial, &other.to_string())), "{check:?} {serial}");
        }
    }

    /// The example of DPD's label specification.
    #[test]
    fn dpd_closes_with_a_letter_or_a_digit() {
        assert!(Check::Mod37.fits("008182709980000020033350276", "C"));
        assert!(!Check::Mod37.fits("008182709980000020033350276", "A"));
    }

    /// S10: the three cases of the last step.
    #[test]
    fn the_last_step_of_s10() {
        let of = |serial: &str| ('0'..='9').find(|digit| Check::S10.fits(serial, &digit.to_string()));
        assert_eq!(of("12345678"), Some('5'), "11 less 6");
        assert_eq!(of("00000000"), Some('5'), "11 is 5");
        assert_eq!(of("00000008"), Some('0'), "10 is 0");
    }
}
