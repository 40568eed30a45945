"""Blocks that name pretrained weights load made-up ones, without the network."""


def test_named_weights_are_at_hand(run):
    [result] = run(
        only="""
        import os
        from torchvision.models import SqueezeNet1_1_Weights, squeezenet1_1

        model = squeezenet1_1(weights=SqueezeNet1_1_Weights.DEFAULT)
        print(os.path.basename(os.environ["TORCH_HOME"]), len(model.state_dict()))
        """
    )
    assert (result.reason, result.output) == ("", "torch 52\n")
