"""Invented names in four scripts. No person or company is meant."""

FIRST_WORDS: tuple[tuple[str, ...], ...] = (
    ("آفتاب", "البرز", "پارسه", "نیلوفر", "سپیدار", "کاوه", "مهرگان", "زاگرس", "هیرکان", "ارغوان"),
    (
        "النخيل",
        "الواحة",
        "الصقر",
        "اللؤلؤة",
        "الفجر",
        "المنارة",
        "الريادة",
        "الجزيرة",
        "النهضة",
        "الأفق",
    ),
    (
        "Sao Mai",
        "Phương Nam",
        "Đại Dương",
        "Hoàng Kim",
        "Thiên Ân",
        "Bình Minh",
        "Trường Sơn",
        "Ánh Dương",
        "Việt Tín",
        "Hồng Hà",
    ),
    (
        "Northbridge",
        "Larkfield",
        "Copperleaf",
        "Ashdown",
        "Merrivale",
        "Stonebeck",
        "Fenwick Row",
        "Brightwater",
        "Oakhollow",
        "Kingsmere",
    ),
)
SECOND_WORDS: tuple[tuple[str, ...], ...] = (
    ("فناوری", "صنعت", "بازرگانی", "داروسازی", "لجستیک", "خودرو", "بیمه", "غذا"),
    ("للتجارة", "للتقنية", "القابضة", "للمقاولات", "الطبية", "للأغذية", "للنقل", "للتأمين"),
    (
        "Công nghệ",
        "Thương mại",
        "Dược phẩm",
        "Vận tải",
        "Xây dựng",
        "Thực phẩm",
        "Bảo hiểm",
        "Điện tử",
    ),
    ("Logistics", "Foods", "Systems", "Insurance", "Health", "Retail", "Energy", "Consulting"),
)
GIVEN_NAMES: tuple[tuple[str, ...], ...] = (
    ("نرگس", "آرش", "لیلا", "بهرام", "شیرین", "کیان", "مهسا", "سیاوش", "پریسا", "رامین"),
    ("نورة", "فهد", "ريم", "سلطان", "هند", "ماجد", "لمى", "تركي", "عبير", "بدر"),
    ("Thảo", "Đức", "Ngọc Ánh", "Tuấn", "Hằng", "Quân", "Mỹ Linh", "Phúc", "Yến", "Khôi"),
    ("Imogen", "Callum", "Freya", "Rhys", "Niamh", "Alistair", "Tamsin", "Ewan", "Isla", "Gareth"),
)
FAMILY_NAMES: tuple[tuple[str, ...], ...] = (
    ("سپهری‌نیا", "دماوندی", "کوهستانی", "مهرآیین", "زرین‌کلک", "دریاباری", "نیک‌سرشت", "آذرپناه"),
    ("الرملي", "الساحلي", "الوادي", "النجدي", "الغيمي", "البحري", "السهلي", "الزهري"),
    ("Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Đặng", "Vũ", "Đỗ"),
    (
        "Thornbury",
        "Wexcombe",
        "Haldane",
        "Quillfeather",
        "Marrable",
        "Pennock",
        "Strathearn",
        "Oxley",
    ),
)
EMAIL_WORDS = ("sales", "info", "nima", "noura", "minh", "erin", "office", "reza", "huda", "lan")
LOSS_REASONS = (
    "price",
    "بودجه نداشتند",
    "no decision",
    "chose a competitor",
    "السعر مرتفع",
    "Ngân sách bị cắt",
    "missing feature",
    "timing",
    "قیمت",
    "went silent",
)
CANCEL_REASONS = (
    "price",
    "project ended",
    "قیمت بالا",
    "switched supplier",
    "ضعف الدعم",
    "Không còn nhu cầu",
)
SWITCHED = 3  # the reason that names a competitor
VERTICALS = (
    "logistics",
    "food",
    "health",
    "insurance",
    "manufacturing",
    "retail",
    "energy",
    "services",
)
PERSONAS = ("decision maker", "champion", "user", "finance", "it")
