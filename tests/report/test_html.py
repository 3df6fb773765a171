"""Tables of report pages."""

import re

import pytest

from qsb.report.html import grid

LONG = "a source that is written out in full, with its volume and its page"


def test_a_long_text_common_to_rows_stands_once_beside_them():
    found = grid(
        ["name", "value", "from"], [["a", "1", LONG], ["b", "1", LONG], ["c", "1", "other " + LONG], ["d", "1", LONG]]
    )
    assert found.count(LONG) == 3
    assert re.findall(r'<td rowspan="(\d+)">', found) == ["2"]
    # numbers that happen to be equal stay where they are
    assert found.count("<td>1</td>") == 4
    # rows and cells still fill the table
    assert found.count("<tr>") == 5
    assert found.count("<td") + 1 == 8


@pytest.mark.parametrize("count", [1, 2, 5])
def test_one_text_for_all_rows(count):
    found = grid(["name", "from"], [["a", LONG]] * count)
    assert found.count(LONG) == 1
    assert (f'rowspan="{count}"' in found) == (count > 1)


def test_cards_repeat_it_since_each_stands_alone():
    assert grid(["name", "from"], [["a", LONG]] * 3, cards=True).count(LONG) == 3
