"""Texts as weighted words and word pairs, reduced."""

from __future__ import annotations

import numpy as np

from core.types.errors import DataError
from core.types.examples import ExampleTable, Modality
from core.types.methods import Paper
from core.types.progress import Progress

from .method import InputEmbedding

DIMENSIONS = 64  # as many as images and tables get: wider vectors make neighbors slower, not better
RARE_FROM = 200  # in fewer texts than this even a word seen once may be all that two texts share


def embed_terms(examples: ExampleTable, seed: int, progress: Progress) -> np.ndarray:
    """float32 [N, <= 64] of length 1: truncated SVD of TF-IDF over words and word pairs.

    A text without a single known term is all zero.
    """
    from sklearn.utils.extmath import randomized_svd

    progress.stage("Embedding the texts", 2)
    weights = _weigh([str(text) for text in examples.inputs])
    progress.advance()
    dimensions = min(DIMENSIONS, weights.shape[1] - 1, weights.shape[0] - 1)
    if dimensions < 1:
        vectors = np.asarray(weights.todense())
    else:
        left, scale, _ = randomized_svd(weights, dimensions, random_state=seed)
        vectors = left * scale
    progress.advance()
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 1e-12).astype(np.float32)


def _weigh(texts: list[str]):
    """Sparse TF-IDF [N, V]; letters take the place of words where no words are found."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    rare = 2 if len(texts) >= RARE_FROM else 1
    tries = (
        {"token_pattern": r"(?u)\b\w+\b", "ngram_range": (1, 2), "min_df": rare},
        {"token_pattern": r"(?u)\b\w+\b", "min_df": 1},
        {"analyzer": "char", "ngram_range": (1, 3), "min_df": 1},
    )
    for options in tries:
        try:
            vectorizer = TfidfVectorizer(sublinear_tf=True, max_features=50_000, dtype=np.float32, **options)
            return vectorizer.fit_transform(texts)
        except ValueError:  # scikit-learn's word for an empty vocabulary: try the next, more patient, way
            continue
    raise DataError(f"None of the {len(texts)} texts has a letter or a digit.", "Choose another text column.")


TERMS = InputEmbedding(
    name="terms",
    title="TF-IDF terms, SVD",
    modality=Modality.TEXT,
    embed=embed_terms,
    summary="Words and word pairs weighted by rarity, reduced to 64 directions of length one.",
    paper=Paper("Deerwester, Dumais, Furnas, Landauer, Harshman", 1990, "Indexing by Latent Semantic Analysis"),
)
