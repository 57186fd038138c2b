"""Connectomes from files: what is read, and what is refused with file and line."""

import numpy as np
import pytest
from scipy import io, sparse

from mottle.reservoir import EchoStateReservoir, read_connectome

EDGES = np.array([[0.0, 0.0, 0.0], [3.0, 0.0, 0.0], [0.0, -2.5, 1.0]])  # rows are targets
GRAPHML = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="d0" for="edge" attr.name="weight" attr.type="double">{default}</key>
<graph edgedefault="{kind}">
<node id="a"/><node id="b"/><node id="lonely"/>
<edge source="a" target="b"><data key="d0">2.5</data></edge>
<edge source="b" target="b"/>
</graph></graphml>
"""


def written(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "source,target,weight\na,b,3\nb,c,-2.5\nc,c,1\n",
        "weight;target;source\n3;b;a\n-2.5;c;b\n1;c;c\n",
        "a\tb\t3\nb\tc\t-2.5\nc\tc\t1\n",
        "# of a worm\na b 3\n\nb c -2.5  # inhibitory\nc c 1",
        '"a","b","3"\r\n"b","c","-2.5"\r\n"c","c","1"\r\n',
        "\ufeffpre,post,region,syn_count\na,b,left,1\na,b,right,2\nb,c,left,-2.5\nc,c,left,1\n",
    ],
)
def test_edge_lists_are_read_whatever_separates_their_columns(tmp_path, text):
    found = read_connectome(written(tmp_path, "edges.csv", text))
    np.testing.assert_array_equal(found.weights.toarray(), EDGES)
    assert found.names == ("a", "b", "c")


def test_links_without_weights_count_1_and_numbers_are_put_in_order(tmp_path):
    found = read_connectome(written(tmp_path, "edges.txt", "10 9\n720575940 10\n10 9\n"))
    assert found.names == ("9", "10", "720575940")
    np.testing.assert_array_equal(found.weights.toarray(), [[0, 2, 0], [0, 0, 1], [0, 0, 0]])


@pytest.mark.parametrize(("kind", "back"), [("directed", 0.0), ("undirected", 2.5)])
def test_graphml_is_read_with_nodes_without_links(tmp_path, kind, back):
    text = GRAPHML.format(kind=kind, default="<default>4</default>")
    found = read_connectome(written(tmp_path, "worm.graphml", text))
    assert found.names == ("a", "b", "lonely")
    np.testing.assert_array_equal(found.weights.toarray(), [[0, back, 0], [2.5, 4.0, 0], [0, 0, 0]])


@pytest.mark.parametrize("name", ["m.mtx", "m.npz", "m.npy"])
def test_matrices_are_read_as_they_are(tmp_path, name):
    path = tmp_path / name
    if name == "m.mtx":
        io.mmwrite(path, sparse.coo_array(EDGES))
    elif name == "m.npz":
        sparse.save_npz(path, sparse.csc_array(EDGES))
    else:
        np.save(path, EDGES)
    found = read_connectome(path)
    np.testing.assert_array_equal(found.weights.toarray(), EDGES)
    assert found.names is None


def test_a_connectome_is_the_topology_of_a_reservoir(tmp_path):
    path = written(tmp_path, "edges.csv", "a,b,2\nb,a,2\nb,c,1\nc,c,1\n")
    reservoir = EchoStateReservoir(3, topology=read_connectome(path), spectral_radius=0.5)
    weights = reservoir.fit(np.zeros((2, 1))).weights_.toarray()
    np.testing.assert_allclose(weights, [[0, 0.5, 0], [0.5, 0, 0], [0, 0.25, 0.25]], rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("e.csv", "a,b,3\nb,c,x\n", r"e.csv, line 2: the weight 'x' must be a finite number"),
        ("e.csv", "a,b,nan\n", r"e.csv, line 1: the weight 'nan' must be"),
        ("e.csv", "a,b,3\nb,c\n", r"e.csv, line 2: 'b,c' has 2 columns, expected at least 3"),
        ("e.csv", "a,b,3\n,c,1\n", r"e.csv, line 2: ',c,1' lacks the name of a node"),
        ("e.csv", "left,right,how\na,b,1\n", r"line 1: the weight 'how' is no number; a line of"),
        ("e.csv", "0,1,0,2\n0,0,0,1\n", r"line 1: 4 columns without the names source and target"),
        ("e.csv", "# nothing\n", r"e.csv holds no link"),
        ("e.mat", "", r"e.mat is of no kind that is read: expected an edge list"),
        ("e.mtx", "a,b\n", r"e.mtx: no matrix in Matrix Market"),
        ("e.mtx", "%%MatrixMarket matrix coordinate real general\n2 3 1\n1 1 1\n", r"\(2, 3\)"),
        ("e.graphml", "<graphml>\n<graph><edge", r"e.graphml, line 2: no GraphML"),
        ("e.graphml", "<graphml><graph><edge/></graph></graphml>", r"line 1: an edge lacks its"),
        ("e.graphml", "<graphml>\n<graph><node/></graph></graphml>", r"line 2: .* lacks its 'id'"),
        (
            "e.graphml",
            "<graphml><graph><node id='a'/><edge source='a' target='b'/></graph></graphml>",
            r"an edge names the node 'b', which is not defined",
        ),
        (
            "e.graphml",
            "<!DOCTYPE g [<!ENTITY x 'xxxx'>]><graphml>&x;</graphml>",
            r"the file defines entities",
        ),
    ],
)
def test_what_is_no_connectome_is_refused_with_its_place(tmp_path, name, text, message):
    with pytest.raises(ValueError, match=message):
        read_connectome(written(tmp_path, name, text))


def test_nothing_is_unpickled(tmp_path):
    np.save(tmp_path / "o.npy", np.array([[{}]], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"o.npy: no array of numbers"):
        read_connectome(tmp_path / "o.npy")
    np.savez(tmp_path / "o.npz", format=np.array({}, dtype=object))
    with pytest.raises(ValueError, match=r"o.npz: no matrix written by"):
        read_connectome(tmp_path / "o.npz")


def test_a_matrix_with_columns_beyond_its_size_is_refused(tmp_path):
    path = tmp_path / "m.npz"
    np.savez(
        path, format=b"csr", shape=(2, 2), data=np.ones(1), indices=np.array([9]),
        indptr=np.array([0, 1, 1]), _is_array=True,
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"no matrix written by"):
        read_connectome(path)


def test_a_file_of_other_bytes_is_no_text(tmp_path):
    (tmp_path / "e.csv").write_bytes(b"a,b\n\xff\xfe,b\n")
    with pytest.raises(ValueError, match=r"e.csv is no text in UTF-8 \(byte 4\)"):
        read_connectome(tmp_path / "e.csv")


def test_a_claimed_size_beyond_memory_is_refused_before_anything_is_allocated(tmp_path):
    text = "%%MatrixMarket matrix array real general\n90000000 90000000\n1\n"
    with pytest.raises(MemoryError, match=r"huge.mtx would take"):
        read_connectome(written(tmp_path, "huge.mtx", text))
