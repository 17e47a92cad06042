"""Starting values hold what their description says."""

import torch

from videoxl.training.films.initialisation import InitialisationConfig
from videoxl.training.films.model_folder import write_model_folder


def test_a_word_asks_for_the_vst_that_holds_it(make_model, words) -> None:
    """From the second layer on, the first head of a group scores VSTs by how much they hold of the queried word."""
    attention = make_model().decoder.layers[1].self_attn
    query_CE = (words @ attention.q_proj.weight.T)[:, : attention.head_dim]
    match_CC = query_CE @ (words @ attention.vst_k_proj.weight.T)[:, : attention.head_dim].T
    assert (match_CC.diagonal() > 0).all()
    assert match_CC.diagonal().mean() > 2 * match_CC.mean()


def test_values_come_back_as_they_were(make_model) -> None:
    """`o_proj` is a share of `v_proj` transposed, head by head, and VSTs have the same values."""
    gain = InitialisationConfig().output_gain
    for layer in make_model().decoder.layers:
        attention = layer.self_attn
        value_ED, width = attention.v_proj.weight, attention.head_dim
        assert torch.equal(attention.vst_v_proj.weight, value_ED)
        for head in range(2):
            assert torch.equal(attention.o_proj.weight[:, head * width : (head + 1) * width], gain * value_ED.T)


def test_everything_enters_at_size_one(make_model) -> None:
    """Words, names and the VST have root mean square 1."""
    decoder = make_model().decoder
    for table in (decoder.embed_tokens.weight, decoder.vst_embedding.weight):
        assert torch.allclose(table.square().mean(-1), torch.ones(len(table)), atol=1e-5)


def test_a_written_folder_is_the_model(make_model, processor, tmp_path) -> None:
    """What is written can be loaded, gives the same logits, and asks the same questions; texts come along."""
    from videoxl.checkpoint.load import load_model

    model = make_model().eval()
    for _ in range(2):  # the second replaces the first
        write_model_folder(tmp_path / "nano", model, processor, texts={"LIMITS.txt": "Knows five names.\n"})
    loaded, loaded_processor = load_model(tmp_path / "nano", device="cpu")
    ids = torch.tensor([processor.question("Is there a dog?")])
    assert loaded_processor.question("Is there a dog?") == ids[0].tolist()
    assert torch.equal(loaded(ids).logits, model(ids).logits)
    assert loaded_processor.preprocessing() == processor.preprocessing()
    assert (tmp_path / "nano" / "LIMITS.txt").read_text() == "Knows five names.\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["nano"]
