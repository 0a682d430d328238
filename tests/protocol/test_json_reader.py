# SPDX-License-Identifier: Apache-2.0
"""JSON, read strictly and member by member; each error says where."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyless.errors import ParseError, UnsupportedError
from keyless.protocol.json_reader import Json, JsonValue, json_value

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=20,
)
KINDS: dict[str, JsonValue] = {
    "a truth value": True,
    "a number": 5,
    "a string": "x",
    "a list": [],
    "an object": {},
}
# How each kind of member is read, what is wanted of it, and content of that kind.
Read = Callable[[Json], object]
READERS: dict[str, tuple[Read, str, JsonValue]] = {
    "text": (lambda json: json.text("it"), "a string", "x"),
    "optional_text": (lambda json: json.optional_text("it"), "a string", "x"),
    "base64": (lambda json: json.base64("it"), "a string", "eA=="),
    "optional_base64": (lambda json: json.optional_base64("it"), "a string", "eA=="),
    "hex": (lambda json: json.hex("it"), "a string", "78"),
    "int64": (lambda json: json.int64("it"), "a whole number", 5),
    "integer": (lambda json: json.integer("it"), "a whole number", 5),
    "object": (lambda json: json.object("it"), "an object", {}),
    "optional_object": (lambda json: json.optional_object("it"), "an object", {}),
    "objects": (lambda json: json.objects("it", most=2), "a list", []),
    "texts": (lambda json: json.texts("it", most=2), "a list", []),
    "base64s": (lambda json: json.base64s("it", most=2), "a list", []),
    "hexes": (lambda json: json.hexes("it", most=2), "a list", []),
}
DEMANDED = ("text", "base64", "hex", "integer", "object")
readers = pytest.mark.parametrize("name", READERS)


def refuse(read: Callable[[], object], reason: str, *, path: str | None = None) -> None:
    """Demand that *read* refuses for *reason*, at *path*."""
    with pytest.raises(ParseError) as refusal:
        read()
    assert reason in refusal.value.message
    assert refusal.value.path == path


@given(VALUES)
def test_json_is_read_as_it_was_written(value: Any) -> None:
    """Every value that JSON can hold, escaped or not."""
    for escaped in (True, False):
        assert json_value(json.dumps(value, ensure_ascii=escaped).encode()) == value


@given(st.binary(max_size=40) | st.text('[]{}",:0-9.eE \\u\\dtrfalsn', max_size=40).map(str.encode))
def test_whatever_is_not_json_is_a_parse_error(data: bytes) -> None:
    """And nothing else, and what is read reads the same elsewhere."""
    try:
        value = json_value(data)
    except ParseError:
        return
    assert value == json.loads(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "not JSON", id="nothing"),
        pytest.param(b"{", "not JSON", id="half an object"),
        pytest.param(b"{} {}", "not JSON", id="two values"),
        pytest.param(b"{'a': 1}", "not JSON", id="the other quotes"),
        pytest.param(b"[1,]", "not JSON", id="a comma too many"),
        pytest.param(b"[01]", "not JSON", id="a leading zero"),
        pytest.param(b"[+1]", "not JSON", id="a plus sign"),
        pytest.param(b"[.5]", "not JSON", id="no digit before the point"),
        pytest.param(b"[1] // x", "not JSON", id="a comment"),
        pytest.param(b'["a\nb"]', "not JSON", id="a newline in a string"),
        pytest.param(b'["\\x41"]', "not JSON", id="an escape of Python's"),
        pytest.param("\ufeff{}".encode(), "not JSON", id="a byte order mark"),
        pytest.param("{}".encode("utf-16"), "not UTF-8 at byte 0", id="UTF-16"),
        pytest.param(b'["ok", "\xff"]', "not UTF-8 at byte 8", id="Latin-1"),
        pytest.param(b'["\xed\xa0\x80"]', "not UTF-8 at byte 2", id="a surrogate in UTF-8"),
        pytest.param(b'["\xc0\xaf"]', "not UTF-8 at byte 2", id="an overlong character"),
        pytest.param(b'{"a": NaN}', "NaN is not JSON", id="not a number"),
        pytest.param(b"[Infinity]", "Infinity is not JSON", id="infinity"),
        pytest.param(b"[-Infinity]", "-Infinity is not JSON", id="minus infinity"),
        pytest.param(b"[1e999]", "1e999 is too large for a number", id="too large"),
        pytest.param(b"[-1e999]", "-1e999 is too large for a number", id="too small"),
        pytest.param(b"1" * 5000, "not JSON: ", id="an integer of 5000 digits"),
        pytest.param(b'{"a": 1, "a": 1}', "the key a stands twice", id="a key twice"),
        pytest.param(b'[{"b": {"a": 1, "\\u0061": 2}}]', "the key a stands twice", id="escaped"),
        pytest.param(b'["\\ud800"]', "half of a surrogate pair", id="a high surrogate"),
        pytest.param(b'["\\uDFFF"]', "half of a surrogate pair", id="a low surrogate"),
        pytest.param(b'["\\udc00\\ud800"]', "half of a surrogate pair", id="the wrong way round"),
        pytest.param(b'{"\\ud800": 1}', "half of a surrogate pair", id="in a key"),
        pytest.param(b'[[{"a": ["\\ud800"]}]]', "half of a surrogate pair", id="deep inside"),
    ],
)
def test_what_two_readers_may_understand_differently_is_refused(data: bytes, reason: str) -> None:
    """Each of these is accepted, repaired or cut somewhere."""
    refuse(lambda: json_value(data), reason)


def test_whole_surrogate_pairs_are_read() -> None:
    """JSON writes what lies beyond 16 bits so, and a backslash before a u need not be an escape."""
    assert json_value(b'"\\ud83d\\ude00"') == "😀"
    assert json_value(b'"\\\\ud800"') == "\\ud800"


def test_key_that_stands_twice_is_shown_safely() -> None:
    """The error quotes what a stranger wrote."""
    refuse(lambda: json_value(b'{"\\u001b": 1, "\\u001b": 2}'), "the key \\x1b stands twice")


def test_key_that_stands_twice_is_found_at_once() -> None:
    """Among a hundred thousand others, without comparing each to each."""
    keys = ",".join(f'"{number}": 1' for number in (*range(100_000), 99_999))
    started = time.process_time()
    refuse(lambda: json_value(f"{{{keys}}}".encode()), "the key 99999 stands twice")
    assert time.process_time() - started < 2


def test_document_may_be_as_large_as_allowed() -> None:
    """To the byte."""
    assert json_value(b'"abcd"', largest=6) == "abcd"
    refuse(lambda: json_value(b'"abcde"', largest=6), "7 bytes of JSON, more than the 6 allowed")
    refuse(lambda: json_value(b" " * ((16 << 20) + 1)), "more than the 16777216 allowed")


def test_a_large_document_holds_no_characters_that_would_widen_it() -> None:
    """One such character makes every other in the text cost four bytes."""
    small, large = (f'"\N{GRINNING FACE}{"a" * size}"'.encode() for size in (9, 4 << 20))
    assert json_value(small)
    refuse(lambda: json_value(large), "4194310 bytes of JSON, too many for characters beyond")


def test_document_may_hold_as_many_values_as_allowed() -> None:
    """A comma costs a byte, a value some fifty."""
    assert json_value(b"[1,2,3]", most=3) == [1, 2, 3]
    refuse(lambda: json_value(b"[1,2,3,4]", most=3), "more than 3 values in one JSON document")
    refuse(lambda: json_value(b"[" + b"[]," * 150_000 + b"1]"), "more than 150000 values")


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_document_may_be_as_deep_as_allowed(opening: str, closing: str) -> None:
    """64 levels of lists and objects are read, 65 are not."""
    for depth, innermost in ((64, "1"), (63, "[]")):
        json_value(f"{opening * depth}{innermost}{closing * depth}".encode())
    for depth, innermost in ((65, "1"), (64, "[]"), (200, "1")):
        data = f"{opening * depth}{innermost}{closing * depth}".encode()
        refuse(lambda data=data: json_value(data), "JSON nested deeper than 64 levels")


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_nesting_never_breaks_the_reader(opening: bytes) -> None:
    """A hundred thousand levels are an error like any other."""
    refuse(lambda: json_value(opening * 100_000), "JSON nested too deeply")


def test_many_shallow_values_are_not_deep() -> None:
    """More openings than levels are allowed do not make more levels."""
    assert json_value(b"[" + b"[]," * 100 + b"{}]") == [*([[]] * 100), {}]


def test_document_that_is_an_object_is_parsed() -> None:
    """Its path is the root's."""
    document = Json.parse(b'{"a": 1}')
    assert (document.path, document.names()) == ("$", ("a",))


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"null", "null"),
        (b"true", "a truth value"),
        (b"5", "a number"),
        (b"5.5", "a number"),
        (b'"x"', "a string"),
        (b"[]", "a list"),
    ],
)
def test_document_that_is_no_object_is_refused(data: bytes, kind: str) -> None:
    """The error says what it is instead."""
    refuse(lambda: Json.parse(data), f"$: not a JSON object but {kind}", path="$")


def test_limits_of_a_document_can_be_lowered() -> None:
    """For one that is expected to be small."""
    refuse(lambda: Json.parse(b'{"a": 1}', largest=7), "8 bytes of JSON, more than the 7 allowed")
    refuse(lambda: Json.parse(b'{"a": [1]}', most=1), "more than 1 values")


@readers
def test_member_of_its_kind_is_read(name: str) -> None:
    """Each reader accepts what it is for."""
    read, _, content = READERS[name]
    assert read(Json({"it": content})) is not None


@readers
def test_member_of_another_kind_is_refused(name: str) -> None:
    """The error says where, what is there, and what is wanted."""
    read, wanted, content = READERS[name]
    for kind, other in KINDS.items():
        if type(other) is not type(content) and (name, kind) != ("int64", "a string"):
            refuse(
                lambda other=other: read(Json({"it": other})),
                f"$.it: {kind} where {wanted} is wanted",
                path="$.it",
            )


@pytest.mark.parametrize("members", [{}, {"it": None}], ids=["absent", "null"])
@pytest.mark.parametrize("name", DEMANDED)
def test_member_that_is_demanded_may_not_be_missing(
    name: str, members: dict[str, JsonValue]
) -> None:
    """Absent and null are the same."""
    refuse(lambda: READERS[name][0](Json(members)), "$.it: missing", path="$.it")


@pytest.mark.parametrize("members", [{}, {"it": None}], ids=["absent", "null"])
@pytest.mark.parametrize("name", sorted(READERS.keys() - {*DEMANDED}))
def test_member_that_is_optional_has_a_default(name: str, members: dict[str, JsonValue]) -> None:
    """Absent and null are the same: nothing, no items, or zero as in protobuf."""
    default = READERS[name][0](Json(members))
    assert default == (0 if name == "int64" else [] if name.endswith("s") else None)


@pytest.mark.parametrize("number", [0, 7, 2**63 - 1])
def test_int64_is_a_string_or_a_number(number: int) -> None:
    """Protobuf writes the one, and reads both."""
    assert Json({"it": str(number)}).int64("it") == Json({"it": number}).int64("it") == number


@pytest.mark.parametrize("content", ["-1", "05", "1e3", "", " 5", str(2**63)])
def test_int64_in_a_string_is_read_strictly(content: str) -> None:
    """As everywhere."""
    refuse(lambda: Json({"it": content}).int64("it"), "not a plain decimal number", path="$.it")


@pytest.mark.parametrize("content", [-1, 2**63, 10**400])
def test_numbers_out_of_range_are_refused(content: int) -> None:
    """What does not fit, or is negative."""
    for read in (Json({"it": content}).int64, Json({"it": content}).integer):
        refuse(lambda read=read: read("it"), "a number outside 0 to 2^63 - 1", path="$.it")


def test_number_with_a_fraction_is_no_integer() -> None:
    """Not even 5.0, which prints back otherwise."""
    refuse(lambda: Json({"it": 5.0}).integer("it"), "a number where a whole number", path="$.it")


def test_encoded_members_are_decoded() -> None:
    """Alone and in lists."""
    json = Json({"b": "eA==", "h": "78", "bs": ["eA==", ""], "hs": ["78", ""]})
    assert json.base64("b") == json.optional_base64("b") == json.hex("h") == b"x"
    assert json.base64s("bs", most=2) == json.hexes("hs", most=2) == [b"x", b""]


def test_encoded_members_are_decoded_strictly() -> None:
    """The error says which one of a list."""
    json = Json({"b": "eA", "h": "7", "bs": ["eA==", "eA"], "hs": ["78", "7"]})
    refuse(lambda: json.base64("b"), "not base64", path="$.b")
    refuse(lambda: json.hex("h"), "not lower-case hexadecimal", path="$.h")
    refuse(lambda: json.base64s("bs", most=2), "not base64", path="$.bs[1]")
    refuse(lambda: json.hexes("hs", most=2), "not lower-case hexadecimal", path="$.hs[1]")


def test_lists_hold_one_kind() -> None:
    """Of objects, or of strings; a null among them is neither."""
    for stranger in (None, 5, "x", []):
        json = Json({"it": [{}, stranger]})
        refuse(lambda json=json: json.objects("it", most=2), "$.it[1]: ", path="$.it[1]")
    for other in (None, 5, {}, []):
        json = Json({"it": ["x", other]})
        reason = "a list of something else than strings"
        refuse(lambda json=json: json.texts("it", most=2), reason, path="$.it")


def test_lists_are_as_long_as_allowed() -> None:
    """One item more is refused before it is looked at."""
    json = Json({"it": [{}, {}, {}]})
    assert len(json.objects("it", most=3)) == 3
    reason = "3 items, more than the 2 allowed"
    for read in (json.objects, json.texts, json.base64s, json.hexes):
        refuse(lambda read=read: read("it", most=2), reason, path="$.it")


def test_path_leads_through_objects_and_lists() -> None:
    """From the root of the document to the member."""
    document = Json.parse(b'{"a": {"b": [{}, {"c": {"d": 5}}]}}')
    inner = document.object("a").objects("b", most=2)[1].object("c")
    assert inner.path == "$.a.b[1].c"
    refuse(lambda: inner.text("d"), "a number where a string", path="$.a.b[1].c.d")


def test_error_is_of_a_member_or_of_the_object() -> None:
    """With a hint, where there is one."""
    json = Json({}).error("wrong", hint="do right")
    assert (json.path, json.message, json.hint) == ("$", "$: wrong", "do right")
    assert Json({}).error("wrong", name="it").path == "$.it"


def test_null_is_as_good_as_absent() -> None:
    """In what is there, and in its names."""
    json = Json({"a": None, "b": 0, "c": False, "d": "", "e": []})
    assert [json.has(name) for name in "abcdef"] == [False, True, True, True, True, False]
    assert json.names() == ("b", "c", "d", "e")


def test_value_is_returned_as_it_is() -> None:
    """For what is not this program's to judge."""
    json = Json({"a": [1, None]})
    assert (json.value("a"), json.value("b")) == ([1, None], None)


@pytest.mark.parametrize(
    ("members", "found"),
    [
        ({}, "found none"),
        ({"a": None}, "found none"),
        ({"a": 1, "c": 1}, "found a and c"),
        ({"a": 1, "b": 1, "c": 1}, "found a and b and c"),
    ],
)
def test_exactly_one_of_several_is_demanded(members: dict[str, JsonValue], found: str) -> None:
    """The error says which there are."""
    reason = f"exactly one of a, b, c is wanted, {found}"
    refuse(lambda: Json(members).only_one_of("a", "b", "c"), reason, path="$")


def test_the_one_of_several_is_found() -> None:
    """A null beside it does not count."""
    assert Json({"a": None, "b": False}).only_one_of("a", "b", "c") == "b"


def test_errors_of_parsers_within_say_where() -> None:
    """A member with a format of its own; hint and kind of error are kept."""

    def parse(content: str) -> str:
        if content == "unknown":
            raise UnsupportedError("not known here", hint="use another")
        if content == "wrong":
            raise ParseError("missing", path="$.x")
        return content.upper()

    outer = Json({"it": Json})  # type: ignore[dict-item]  # never looked at
    assert outer.within("it", parse, "right") == "RIGHT"
    refuse(lambda: outer.within("it", parse, "wrong"), "$.it: $.x: missing", path="$.it")
    with pytest.raises(UnsupportedError, match="not known here") as refusal:
        outer.within("it", parse, "unknown")
    assert (refusal.value.path, refusal.value.hint) == ("$.it", "use another")
