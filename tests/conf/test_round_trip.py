"""Whatever a state holds, in whatever bytes, the file written from it reads back as that state, comments included."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quorate.conf.lines import BLANKS
from quorate.conf.reader import our_words
from quorate.conf.rewrite import Document
from quorate.model.address import numeric
from quorate.model.candidates import ReplicaTag, Tag
from quorate.model.identity import Epoch, MasterName, RunId, text_of
from quorate.model.saved import SaveDelta, SavedMaster, SavedPeer, SavedState
from quorate.model.settings import GlobalSettings, MasterSettings
from tests.conf.writing import delta, read

_TEXT = st.one_of(st.binary(min_size=1, max_size=12), st.sampled_from([b"a\nport x", b'"', b"'", b"#", b"\\", b" "]))
_SOME = _TEXT.map(text_of)
_NONE_OR_SOME = st.one_of(st.just(""), _SOME)
_PORT = st.integers(0, 65535)
_SPAN = st.integers(1, (1 << 31) - 1)
_EPOCH = st.integers(0, 1 << 32).map(Epoch)
_HOST = st.one_of(
    st.sampled_from(["10.0.0.1", "::1", "fe80::1%eth0", "db.example"]),
    _SOME.filter(lambda t: t[0].isalpha() and numeric(t) is None),
)

_OPTIONS = st.builds(
    MasterSettings,
    quorum=st.integers(1, 9),
    down_after=_SPAN,
    failover_timeout=_SPAN,
    parallel_syncs=st.integers(0, 9),
    notification_script=_NONE_OR_SOME,
    client_reconfig_script=_NONE_OR_SOME,
    auth_user=_NONE_OR_SOME,
    auth_pass=_NONE_OR_SOME,
    renames=st.lists(st.tuples(_SOME, _NONE_OR_SOME), unique_by=lambda pair: pair[0].lower(), max_size=3).map(tuple),
    reboot_down_after=st.integers(0, 9),
    max_lag=st.integers(0, (1 << 63) - 1),
    tags=st.lists(
        st.builds(ReplicaTag, _HOST, st.integers(1, 65535), st.sampled_from(Tag)),
        unique_by=lambda tag: (tag.host.lower(), tag.port),
        max_size=3,
    ).map(tuple),
)
_MASTER = st.builds(
    SavedMaster,
    name=_SOME.map(MasterName),
    host=_HOST,
    port=_PORT,
    settings=_OPTIONS,
    config_epoch=_EPOCH,
    leader_epoch=_EPOCH,
    replicas=st.lists(st.tuples(_HOST, _PORT), unique=True, max_size=3).map(tuple),
    peers=st.lists(
        st.builds(SavedPeer, _HOST, _PORT, _SOME.map(RunId)), unique_by=lambda peer: peer.run_id, max_size=3
    ).map(tuple),
)
_STATE = st.builds(
    SavedState,
    settings=st.builds(
        GlobalSettings,
        myid=st.just(RunId("a" * 40)),
        announce_ip=_NONE_OR_SOME,
        announce_port=_PORT,
        resolve_hostnames=st.just(True),
        announce_hostnames=st.booleans(),
        deny_scripts_reconfig=st.booleans(),
        sentinel_user=_NONE_OR_SOME,
        sentinel_pass=_NONE_OR_SOME,
    ),
    current_epoch=st.just(Epoch(1 << 32)),
    masters=st.lists(_MASTER, unique_by=lambda master: master.name, max_size=3).map(tuple),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_STATE)
def test_any_state_survives_the_file(state: SavedState) -> None:
    config = read(b"")
    document = Document(b"", config)
    masters: dict[MasterName, SavedMaster | None] = {master.name: master for master in state.masters}
    document.apply(SaveDelta(1, state.settings, state.current_epoch, masters))
    first = document.render()
    again = read(first)
    assert again.saved == state
    assert again.warnings == ()
    second = Document(first, again)
    second.apply(delta(again))
    assert read(second.render()).saved == state


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=20).filter(lambda raw: b"\n" not in raw), max_size=6))
def test_comments_of_any_bytes_survive_in_order(texts: list[bytes]) -> None:
    comments = [line for line in (b"#" + text.strip(BLANKS) for text in texts) if our_words(line) is None]
    data = b"\n".join([*comments, b"sentinel monitor m 127.0.0.1 1 1", b""])
    config = read(data)
    document = Document(data, config)
    document.apply(delta(config))
    lines = document.render().split(b"\n")
    assert lines[: len(comments) + 1] == [*comments, b"sentinel monitor m 127.0.0.1 1 1"]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=6), st.data())
def test_saves_of_what_changed_and_a_save_of_everything_mean_the_same(names: list[str], data: st.DataObject) -> None:
    text = b"sentinel monitor a 1.1.1.1 1 1\n# x\nsentinel monitor b 2.2.2.2 1 1\n"
    config = read(text)
    document = Document(text, config)
    state = {master.name: master for master in config.saved.masters}
    for revision, word in enumerate(names):
        name = MasterName(word)
        number = data.draw(st.integers(0, 3))
        replicas = tuple((f"10.0.0.{last}", 1) for last in range(number))
        new = SavedMaster(name, "1.1.1.1", 1, MasterSettings(1), replicas=replicas) if number else None
        document.apply(SaveDelta(revision, config.saved.settings, Epoch(0), {name: new}))
        state.pop(name, None)
        if new is not None:
            state[name] = new
        assert {master.name: master for master in read(document.render()).saved.masters} == state
    assert b"# x\n" in document.render()
