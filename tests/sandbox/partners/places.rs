//! Which countries and states an address may name.

/// Every ISO 3166-1 alpha-2 code.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS \
    BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ \
    FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT \
    JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP \
    MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE \
    RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV \
    TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

/// Countries without postal codes, or where addresses commonly go without one.
const WITHOUT_ZIP: &str = "AE AG AO AW BF BI BJ BO BQ BS BW BZ CD CF CG CI CK CM CW DJ DM ER FJ GA GD GH GM GN GQ GY HK \
    IE JM KI KM KN KP LC LY ML MO MR MW NA NR NU PA QA RW SB SC SL SO SR SS ST SV SX SY TD TG TK TL TO TT TV TZ UG VU WS YE ZW";

/// States, provinces and territories of the three countries where a state is needed.
const US: &str = "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC \
    ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY AS GU MP PR VI UM AA AE AP";
const CA: &str = "AB BC MB NB NL NS NT NU ON PE QC SK YT";
const AU: &str = "ACT NSW NT QLD SA TAS VIC WA";

fn lists(list: &str, code: &str) -> bool {
    list.split_ascii_whitespace().any(|known| known == code)
}

pub(crate) fn is_country(code: &str) -> bool {
    lists(COUNTRIES, code)
}

pub(crate) fn needs_zip(country: &str) -> bool {
    !lists(WITHOUT_ZIP, country)
}

/// Where a state is needed: whether this one exists. None elsewhere.
pub(crate) fn state_exists(country: &str, state: &str) -> Option<bool> {
    match country {
        "US" => Some(lists(US, state)),
        "CA" => Some(lists(CA, state)),
        "AU" => Some(lists(AU, state)),
        _ => None,
    }
}
