//! The carriers we know by name: how a customer reads them, where their own page is, what each feed calls them.
//!
//! Pages are the carriers' own. EasyPost's names are its published carrier tracking strings, AfterShip's its courier slugs; where
//! we have not seen the word, there is none, and the feed finds the carrier by itself. 17TRACK's numbers are not kept: it says
//! that its list is the only source of them.

/// One carrier.
#[derive(Debug, PartialEq, Eq)]
pub struct Carrier {
    /// Ours, in the alphabet `[a-z0-9-]`.
    pub key: &'static str,
    /// As a customer reads it.
    pub name: &'static str,
    /// Other names that partners and stores write, in small letters and digits only.
    pub(super) also: &'static [&'static str],
    /// Countries it is at home in (ISO 3166-1 alpha-2); empty: everywhere.
    pub(super) home: &'static [&'static str],
    /// The country whose S10 numbers are its own; empty: it is no post.
    pub(super) post_of: &'static str,
    /// Its page about a parcel; `{}` stands for the number.
    pub(super) page: Option<&'static str>,
    pub(crate) easypost: Option<&'static str>,
    pub(crate) aftership: Option<&'static str>,
}

/// A row of the table, the empty columns at their place.
const fn carrier(key: &'static str, name: &'static str, home: &'static [&'static str]) -> Carrier {
    Carrier { key, name, also: &[], home, post_of: "", page: None, easypost: None, aftership: None }
}

impl Carrier {
    const fn also(mut self, names: &'static [&'static str]) -> Self {
        self.also = names;
        self
    }

    const fn post_of(mut self, country: &'static str) -> Self {
        self.post_of = country;
        self
    }

    const fn page_at(mut self, page: &'static str) -> Self {
        self.page = Some(page);
        self
    }

    const fn easypost(mut self, word: &'static str) -> Self {
        self.easypost = Some(word);
        self
    }

    const fn aftership(mut self, slug: &'static str) -> Self {
        self.aftership = Some(slug);
        self
    }
}

/// Every carrier, in no order that matters.
#[rustfmt::skip]
pub(super) const CARRIERS: &[Carrier] = &[
    // Everywhere.
    carrier("ups", "UPS", &[]).also(&["upsground", "unitedparcelservice"]).easypost("UPS").aftership("ups")
        .page_at("https://www.ups.com/track?tracknum={}"),
    carrier("fedex", "FedEx", &[]).also(&["fedexground", "fedexsmartpost", "fedexhomedelivery", "fedexexpress"]).easypost("FedEx").aftership("fedex")
        .page_at("https://www.fedex.com/fedextrack/?trknbr={}"),
    carrier("dhl-express", "DHL Express", &[]).also(&["dhl", "dhlexpressworldwide"]).easypost("DHLExpress").aftership("dhl")
        .page_at("https://www.dhl.com/en/express/tracking.html?brand=DHL&AWB={}"),
    carrier("dhl-ecommerce", "DHL eCommerce", &[]).also(&["dhl", "dhlglobalmail", "dhlecs", "dhlecommercesolutions", "dhlecommerceus"]).easypost("DhlEcs").aftership("dhl-global-mail")
        .page_at("https://webtrack.dhlglobalmail.com/?trackingnumber={}"),
    carrier("asendia-usa", "Asendia", &[]).also(&["asendia"]).easypost("AsendiaUsa").aftership("asendia-usa"),
    carrier("landmark-global", "Landmark Global", &[]).also(&["landmark"]).aftership("landmark-global")
        .page_at("https://track.landmarkglobal.com/?search={}"),
    // North America.
    carrier("usps", "USPS", &["US"]).also(&["unitedstatespostalservice", "usps1stclass", "uspsfirstclass", "uspsprioritymail", "uspsgroundadvantage"]).post_of("US").easypost("USPS").aftership("usps")
        .page_at("https://tools.usps.com/go/TrackConfirmAction?tLabels={}"),
    carrier("ontrac", "OnTrac", &["US"]).easypost("OnTrac").aftership("ontrac")
        .page_at("https://www.ontrac.com/tracking/?number={}"),
    carrier("lasership", "LaserShip", &["US"]).easypost("LaserShipV2").aftership("lasership"),
    carrier("amazon", "Amazon Logistics", &[]).also(&["amazon", "amazonshipping", "amzl"]).aftership("amazon"),
    carrier("speedee", "Spee-Dee Delivery", &["US"]).easypost("SpeeDee")
        .page_at("https://www.speedeedelivery.com/track/?tracking={}"),
    carrier("gofo", "GOFO Express", &["US"]).also(&["gofoexpress"])
        .page_at("https://www.gofoexpress.com/tracking.html?searchID={}"),
    carrier("canada-post", "Canada Post", &["CA"]).also(&["postescanada"]).post_of("CA").easypost("CanadaPost").aftership("canada-post")
        .page_at("https://www.canadapost-postescanada.ca/track-reperage/en#/search?searchFor={}"),
    carrier("purolator", "Purolator", &["CA"]).easypost("Purolator").aftership("purolator")
        .page_at("https://www.purolator.com/en/shipping/tracker?searchValue={}"),
    carrier("canpar", "Canpar Express", &["CA"]).easypost("Canpar").aftership("canpar")
        .page_at("https://www.canpar.com/en/track/tracking.jsp?reference={}&locale=en"),
    carrier("correos-de-mexico", "Correos de México", &["MX"]).post_of("MX").aftership("correos-de-mexico"),
    carrier("correios", "Correios", &["BR"]).also(&["brazilcorreios", "correiosbr"]).post_of("BR").aftership("brazil-correios")
        .page_at("https://rastreamento.correios.com.br/app/index.php?objetos={}"),
    // Britain and Ireland.
    carrier("royal-mail", "Royal Mail", &["GB"]).also(&["royalmail24", "royalmail48", "royalmailtracked"]).post_of("GB").easypost("RoyalMail").aftership("royal-mail")
        .page_at("https://www.royalmail.com/track-your-item#/tracking-results/{}"),
    carrier("parcelforce", "Parcelforce", &["GB"]).also(&["parcelforceworldwide"]).easypost("Parcelforce").aftership("parcel-force")
        .page_at("https://www.parcelforce.com/track-trace?trackNumber={}"),
    carrier("evri", "Evri", &["GB"]).also(&["hermesuk", "myhermes", "hermesparcelnet"]).easypost("Evri")
        .page_at("https://www.evri.com/track/parcel/{}"),
    carrier("yodel", "Yodel", &["GB"]).page_at("https://www.yodel.co.uk/tracking/{}"),
    carrier("dpd-uk", "DPD", &["GB"]).also(&["dpdlocal", "dpduk"]).easypost("DPDUK").aftership("dpd-uk"),
    carrier("an-post", "An Post", &["IE"]).post_of("IE").aftership("an-post")
        .page_at("https://www.anpost.com/Post-Parcels/Track/History?item={}"),
    // The continent.
    carrier("dhl-paket", "DHL Paket", &["DE"]).also(&["dhl", "dhlgermany", "dhlde", "deutschepostdhl"]).aftership("dhl-germany")
        .page_at("https://www.dhl.de/de/privatkunden/pakete-empfangen/verfolgen.html?piececode={}"),
    carrier("deutsche-post", "Deutsche Post", &["DE"]).also(&["deutschpost"]).post_of("DE").easypost("DeutschePost").aftership("deutsch-post"),
    carrier("dpd", "DPD", &["DE", "NL", "BE", "FR", "AT", "PL", "CZ", "LU", "CH"]).also(&["dpdde", "dpdgermany", "dynamicparceldistribution"]).easypost("DPD").aftership("dpd")
        .page_at("https://www.dpdgroup.com/nl/mydpd/my-parcels/track?lang=en&parcelNumber={}"),
    carrier("gls", "GLS", &["DE", "NL", "BE", "FR", "AT", "IT", "ES", "DK", "HU", "CZ", "PL", "SI", "SK", "HR", "RO"]).also(&["generallogisticssystems"]).aftership("gls")
        .page_at("https://gls-group.eu/EU/en/parcel-tracking?match={}"),
    carrier("postnl", "PostNL", &["NL"]).also(&["postnldomestic"]).post_of("NL").easypost("PostNL").aftership("postnl"),
    carrier("dhl-parcel-nl", "DHL Parcel", &["NL"]).also(&["dhl", "dhlnl", "dhlparcelnetherlands"]).aftership("dhlparcel-nl"),
    carrier("bpost", "bpost", &["BE"]).also(&["belgiumpost"]).post_of("BE").aftership("bpost")
        .page_at("https://track.bpost.cloud/btr/web/#/search?itemCode={}"),
    carrier("la-poste", "La Poste", &["FR"]).also(&["colissimo", "laposte", "lapostecolissimo"]).post_of("FR").easypost("LaPoste").aftership("la-poste-colissimo")
        .page_at("https://www.laposte.fr/outils/suivre-vos-envois?code={}"),
    carrier("chronopost", "Chronopost", &["FR"]).also(&["chronopostfrance"]).easypost("Chronopost").aftership("chronopost-france"),
    carrier("correos", "Correos", &["ES"]).also(&["correosespana", "correosspain"]).post_of("ES").aftership("spain-correos-es"),
    carrier("ctt", "CTT", &["PT"]).also(&["cttexpresso", "portugalctt"]).post_of("PT").aftership("portugal-ctt"),
    carrier("poste-italiane", "Poste Italiane", &["IT"]).post_of("IT").aftership("poste-italiane")
        .page_at("https://www.poste.it/cerca/index.html#/risultati-spedizioni/{}"),
    carrier("swiss-post", "Swiss Post", &["CH"]).also(&["dieschweizerischepost"]).post_of("CH").aftership("swiss-post")
        .page_at("https://service.post.ch/ekp-web/ui/entry/search/{}"),
    carrier("austrian-post", "Österreichische Post", &["AT"]).also(&["postat"]).post_of("AT").aftership("austrian-post")
        .page_at("https://www.post.at/sv/sendungsdetails?snr={}"),
    carrier("poczta-polska", "Poczta Polska", &["PL"]).post_of("PL").aftership("poczta-polska")
        .page_at("https://emonitoring.poczta-polska.pl/?numer={}"),
    carrier("inpost", "InPost", &["PL"]).also(&["inpostpaczkomaty"])
        .page_at("https://inpost.pl/sledzenie-przesylek?number={}"),
    carrier("ceska-posta", "Česká pošta", &["CZ"]).post_of("CZ").aftership("ceska-posta"),
    carrier("postnord-se", "PostNord", &["SE"]).also(&["postnordsweden", "postenab"]).post_of("SE").aftership("sweden-posten")
        .page_at("https://tracking.postnord.com/en/?id={}"),
    carrier("postnord-dk", "PostNord", &["DK"]).also(&["postnorddenmark", "danmarkpost"]).post_of("DK").aftership("danmark-post")
        .page_at("https://tracking.postnord.com/en/?id={}"),
    carrier("posten-norge", "Posten", &["NO"]).also(&["bring", "posten"]).post_of("NO").aftership("posten-norge")
        .page_at("https://sporing.posten.no/sporing/{}"),
    carrier("posti", "Posti", &["FI"]).also(&["itella"]).post_of("FI").aftership("posti"),
    carrier("omniva", "Omniva", &["EE"]).also(&["estonianpost"]).post_of("EE").aftership("estonian-post"),
    carrier("latvijas-pasts", "Latvijas Pasts", &["LV"]).post_of("LV").aftership("latvijas-pasts"),
    carrier("lietuvos-pastas", "LP Express", &["LT"]).post_of("LT").aftership("lietuvos-pastas"),
    // Asia and the Pacific.
    carrier("china-post", "China Post", &["CN"]).also(&["epacket", "chinaems"]).post_of("CN").aftership("china-post"),
    carrier("hong-kong-post", "Hongkong Post", &["HK"]).also(&["hkpost"]).post_of("HK").aftership("hong-kong-post"),
    carrier("taiwan-post", "Chunghwa Post", &["TW"]).post_of("TW").aftership("taiwan-post"),
    carrier("singapore-post", "SingPost", &["SG"]).also(&["singaporespeedpost"]).post_of("SG").aftership("singapore-post"),
    carrier("malaysia-post", "Pos Malaysia", &["MY"]).post_of("MY").aftership("malaysia-post"),
    carrier("thailand-post", "Thailand Post", &["TH"]).post_of("TH").aftership("thailand-post"),
    carrier("korea-post", "Korea Post", &["KR"]).also(&["koreapostems"]).post_of("KR").aftership("korea-post"),
    carrier("india-post", "India Post", &["IN"]).post_of("IN").aftership("india-post"),
    carrier("japan-post", "Japan Post", &["JP"]).also(&["jppost", "yupack"]).post_of("JP").easypost("JPPost").aftership("japan-post")
        .page_at("https://trackings.post.japanpost.jp/services/srv/search/direct?searchKind=S004&locale=en&reqCodeNo1={}"),
    carrier("yamato", "Yamato Transport", &["JP"]).also(&["kuronekoyamato", "taqbin", "taqbinjp"]).easypost("KuronekoYamato").aftership("taqbin-jp"),
    carrier("sagawa", "Sagawa Express", &["JP"]).aftership("sagawa")
        .page_at("https://k2k.sagawa-exp.co.jp/p/web/okurijosearch.do?okurijoNo={}"),
    carrier("yunexpress", "YunExpress", &["CN"]).aftership("yunexpress")
        .page_at("https://www.yuntrack.com/parcelTracking?id={}"),
    carrier("yanwen", "Yanwen", &["CN"]).easypost("Yanwen").aftership("yanwen"),
    carrier("4px", "4PX", &["CN"]).also(&["4pxworldwideexpress"]).aftership("4px"),
    carrier("cainiao", "Cainiao", &["CN"]).also(&["aliexpressstandardshipping"]).aftership("cainiao"),
    carrier("australia-post", "Australia Post", &["AU"]).also(&["auspost", "eparcel"]).post_of("AU").easypost("AustraliaPost").aftership("australia-post")
        .page_at("https://auspost.com.au/mypost/track/#/details/{}"),
    carrier("startrack", "StarTrack", &["AU"]).easypost("StarTrack").aftership("star-track"),
    carrier("new-zealand-post", "NZ Post", &["NZ"]).also(&["nzpost", "courierpost"]).post_of("NZ").aftership("new-zealand-post")
        .page_at("https://www.nzpost.co.nz/tools/tracking/item/{}"),
];
