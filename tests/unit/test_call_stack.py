import threading

from tests.support.page_faults import CALLS, most_in_a_loop_of_calls
from utils.call_stack import with_room


def test_no_loop_of_calls_maps_memory_for_each_of_them() -> None:
    assert with_room(most_in_a_loop_of_calls)() < CALLS / 2


def test_nor_in_another_thread() -> None:
    found: list[int] = []
    thread = threading.Thread(target=with_room(lambda: found.append(most_in_a_loop_of_calls())))
    thread.start()
    thread.join()
    assert found[0] < CALLS / 2


def test_it_takes_what_the_call_takes_and_gives_what_it_gives() -> None:
    assert with_room(divmod)(7, 2) == (3, 1)
    assert with_room(int)("ff", base=16) == 255
