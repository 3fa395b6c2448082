"""The calendar agrees with an independent library on every day of sixty years."""

from datetime import date, timedelta

import duckdb
from persiantools.jdatetime import JalaliDate


def test_jalali_columns_agree_with_persiantools(demo_release: duckdb.DuckDBPyConnection) -> None:
    rows = demo_release.execute(
        """
        select
            date_on, jalali_year, jalali_month, jalali_day, jalali_quarter,
            jalali_month_starts_on, jalali_month_ends_on,
            jalali_quarter_starts_on, jalali_year_starts_on, jalali_year_ends_on,
            jalali_month_name_fa
        from core.dim_date order by date_on
        """
    ).fetchall()
    assert len(rows) == (date(2050, 1, 1) - date(1990, 1, 1)).days == 21_915
    for number, row in enumerate(rows):
        day = date(1990, 1, 1) + timedelta(days=number)
        jalali = JalaliDate(day)
        quarter = (jalali.month + 2) // 3
        next_month = (
            JalaliDate(jalali.year, jalali.month + 1, 1)
            if jalali.month < 12
            else JalaliDate(jalali.year + 1, 1, 1)
        )
        assert row == (
            day,
            jalali.year,
            jalali.month,
            jalali.day,
            quarter,
            JalaliDate(jalali.year, jalali.month, 1).to_gregorian(),
            next_month.to_gregorian(),
            JalaliDate(jalali.year, 3 * quarter - 2, 1).to_gregorian(),
            JalaliDate(jalali.year, 1, 1).to_gregorian(),
            JalaliDate(jalali.year + 1, 1, 1).to_gregorian(),
            jalali.strftime("%B", locale="fa"),
        )


def test_gregorian_columns_agree_with_python(demo_release: duckdb.DuckDBPyConnection) -> None:
    rows = demo_release.execute(
        """
        select date_on, year, quarter, month, weekday_iso, iso_year, iso_week,
            week_starts_on, month_starts_on, month_ends_on
        from core.dim_date
        """
    ).fetchall()
    for day, year, quarter, month, weekday, iso_year, iso_week, week, first, after in rows:
        assert (year, quarter, month) == (day.year, (day.month + 2) // 3, day.month)
        assert (iso_year, iso_week, weekday) == tuple(day.isocalendar())
        assert week == day - timedelta(days=weekday - 1)
        assert first == day.replace(day=1)
        assert after == (first + timedelta(days=31)).replace(day=1)


def test_weekends_and_holidays_of_each_country(demo_release: duckdb.DuckDBPyConnection) -> None:
    """Days that everybody there knows: weekends, Nowruz, Saudi national day, Tet, New Year."""

    def is_working(calendar: str, day: str) -> bool:
        row = demo_release.execute(
            "select is_working from core.dim_working_days where calendar_id = ? and date_on = ?",
            [calendar, day],
        ).fetchone()
        assert row is not None
        return bool(row[0])

    expected = {
        ("ir", "2025-06-26"): True,  # Thursday, half a day
        ("ir", "2025-06-27"): False,  # Friday
        ("ir", "2025-03-21"): False,  # Nowruz
        ("sa", "2025-09-23"): False,  # national day
        ("sa", "2025-09-26"): False,  # Friday
        ("sa", "2025-09-28"): True,  # Sunday
        ("ae", "2025-06-20"): True,  # Friday morning
        ("ae", "2025-06-22"): False,  # Sunday
        ("vn", "2025-01-29"): False,  # first day of Tet
        ("vn", "2025-01-24"): True,  # Friday before
        ("mon_fri", "2025-06-27"): True,
        ("mon_fri", "2025-06-28"): False,
    }
    assert {key: is_working(*key) for key in expected} == expected
