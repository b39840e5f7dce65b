"""How each data set names a patient's files: four folder layouts, each a row of a table."""

from __future__ import annotations

from dataclasses import dataclass, field

MODALITIES = ("t1", "t2", "flair")

#: Stands for a session's folder, in BIDS alone.
SESSION = "ses-*/"

BIDS_SUFFIXES = {"t1": "T1w", "t2": "T2w", "flair": "FLAIR"}

#: Where people put masks in a BIDS data set; other derivatives are what programs made.
BIDS_MASKS = ("", "../derivatives/masks/{name}/", "../derivatives/labels/{name}/")

OPEN_MS = "_N4_noneck_reduced_winsor_regtoFLAIR"


@dataclass(frozen=True, kw_only=True)
class Layout:
    """One data set's naming.

    Paths start at a patient's folder; ``{name}`` stands for that folder's name, and a ``.nii.gz``
    may also be a plain ``.nii``.

    Attributes
    ----------
    tree
        The layout in words, for messages.
    patient
        Pattern that the name of a patient's folder matches as a whole.
    inside
        The folder also holds at least one of these; empty: the name is enough.
    images
        Alternative names, modality to path. The alternative with most files present is taken whole,
        so that raw and preprocessed images are never mixed.
        A ``*`` stands for anything, if one file alone fits.
    lesion_mask, brain_mask
        Where the masks are; None: the data set has none.
    elsewhere
        Other places of a mask, tried together if it is not where it should be: one file alone fits.
    raters
        Where lesion masks of single raters are; ``{rater}`` stands for one.
    lone_masks
        The data set itself has patients with a lesion mask and no images.
    """

    tree: str
    patient: str
    inside: tuple[str, ...] = ()
    images: tuple[dict[str, str], ...]
    lesion_mask: str
    brain_mask: str | None
    lone_masks: bool = False
    elsewhere: dict[str, tuple[str, ...]] = field(default_factory=dict)
    raters: tuple[str, ...] = ()


def _bids_masks(what: str) -> tuple[str, ...]:
    """Where a mask with a word in its name may lie."""
    places = [folder + session for folder in BIDS_MASKS for session in ("", SESSION)]
    return tuple(f"{place}anat/{{name}}*{what}*.nii.gz" for place in places)


LAYOUTS = {
    "bids": Layout(
        tree="ROOT/sub-NAME/anat/sub-NAME_{T1w,T2w,FLAIR}.nii.gz and "
        "ROOT/derivatives/masks/sub-NAME/anat/sub-NAME_{label-lesion,desc-brain}_mask.nii.gz",
        patient=r"sub-[0-9A-Za-z]+",
        images=tuple(
            {m: f"{place}_{suffix}.nii.gz" for m, suffix in BIDS_SUFFIXES.items()}
            for place in ("anat/{name}", "anat/{name}*", f"{SESSION}anat/{{name}}_ses-*")
        ),
        lesion_mask="../derivatives/masks/{name}/anat/{name}_label-lesion_mask.nii.gz",
        brain_mask="../derivatives/masks/{name}/anat/{name}_desc-brain_mask.nii.gz",
        elsewhere={"lesion_mask": _bids_masks("lesion"), "brain_mask": _bids_masks("brain*mask")},
        raters=_bids_masks("lesion*_desc-{rater}_mask"),
    ),
    "msseg-2016": Layout(
        tree="ROOT/01016SACH/{3DFLAIR,3DT1,T2,Consensus}.nii.gz, or there "
        "{FLAIR,T1,T2}_preprocessed.nii.gz and Mask_registered.nii.gz",
        patient=r".+",
        inside=(
            *("3DFLAIR.nii.gz", "3DT1.nii.gz"),
            *("FLAIR_preprocessed.nii.gz", "T1_preprocessed.nii.gz", "Consensus.nii.gz"),
        ),
        images=(
            {name: f"{name.upper()}_preprocessed.nii.gz" for name in MODALITIES},
            {"t1": "3DT1.nii.gz", "t2": "T2.nii.gz", "flair": "3DFLAIR.nii.gz"},
        ),
        lesion_mask="Consensus.nii.gz",
        raters=("ManualSegmentation_{rater}.nii.gz",),
        brain_mask="Mask_registered.nii.gz",
    ),
    "msseg-2021": Layout(
        tree="ROOT/Training/Center_01/PATIENT/{Preprocessed_Data/{FLAIR,T1,T2}_preprocessed,"
        "Masks/{Consensus,Brain_Mask}}.nii.gz",
        patient=r".+",
        inside=("Preprocessed_Data", "Masks", "Raw_Data"),
        images=(
            {name: f"Preprocessed_Data/{name.upper()}_preprocessed.nii.gz" for name in MODALITIES},
        ),
        lesion_mask="Masks/Consensus.nii.gz",
        raters=("Masks/ManualSegmentation_{rater}.nii.gz",),
        brain_mask="Masks/Brain_Mask.nii.gz",
    ),
    "open-ms-data": Layout(
        tree=f"ROOT/cross_sectional/MNI/patient07/{{{{FLAIR,T1,T2}}{OPEN_MS}_brain_N4_regtoMNI,"
        f"GOLD_STANDARD{OPEN_MS}_regtoMNI}}.nii.gz",
        patient=r"patient\d+",
        images=(
            {name: f"{name.upper()}{OPEN_MS}_brain_N4_regtoMNI.nii.gz" for name in MODALITIES},
        ),
        lesion_mask=f"GOLD_STANDARD{OPEN_MS}_regtoMNI.nii.gz",
        brain_mask=None,
        lone_masks=True,
    ),
}
