"""Where releases lie, and the versions of the layers made from one. An old release stays, so going back is possible."""

from typing import Any, Final

from infra.templates import buckets
from infra.templates.functions import RUNTIME
from infra.templates.gateway import TEXT
from infra.templates.stages import prefix_of
from infra.templates.stateful import KEPT

OLD_DAYS: Final = 90
LAYERS: Final = {"BaseLayer": ("layer-base.zip", "libraries"), "TypstLayer": ("layer-typst.zip", "what makes PDF")}


def build(stage: str = "dev") -> dict[str, Any]:
    """Return the template of the bucket of releases."""
    prefix = prefix_of(stage)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"The releases of {prefix}: bundles, layers and templates.",
        "Resources": buckets.private("Artifacts", f"{prefix}-artifacts", OLD_DAYS),
        "Outputs": {"CodeBucket": {"Value": {"Ref": "Artifacts"}}},
    }


def build_layers(stage: str = "dev") -> dict[str, Any]:
    """Return the template of the layers; a new archive makes a new version and leaves the old one."""
    prefix = prefix_of(stage)
    parameters = {"CodeBucket": TEXT | {"Description": "The bucket of releases."}}
    resources, outputs = {}, {}
    for name, (archive, what) in LAYERS.items():
        parameters[f"{name}Key"] = TEXT | {"Description": f"The key of {archive} in it."}
        resources[name] = {
            "Type": "AWS::Lambda::LayerVersion",
            **KEPT,
            "Properties": {
                "Description": f"{prefix}: {what}",
                "CompatibleRuntimes": [RUNTIME],
                "CompatibleArchitectures": ["x86_64"],
                "Content": {"S3Bucket": {"Ref": "CodeBucket"}, "S3Key": {"Ref": f"{name}Key"}},
            },
        }
        outputs[name] = {"Value": {"Ref": name}}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"The layers of the functions of {prefix}.",
        "Parameters": parameters,
        "Resources": resources,
        "Outputs": outputs,
    }
