"""Each fault is planted at 40 places in each kind of file."""

import pytest

from tests.property.test_faults_in_exports import BROKEN, HARMLESS, KINDS, plant

PLACES = 40


@pytest.mark.parametrize("fault", [*BROKEN, *HARMLESS])
@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_costs_the_row_that_has_it_and_is_named(kind: str, fault: str) -> None:
    plant(kind, fault, PLACES)
