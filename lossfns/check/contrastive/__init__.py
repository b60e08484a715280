"""The exercises of chapter 6, with the mistakes that people make in them."""

from lossfns.check.contrastive import batch, distances, embedding, mining, pairs, triplets, views

EXERCISES = (
    distances.PAIRWISE_DISTANCES,
    pairs.CONTRASTIVE_PAIRS,
    triplets.TRIPLET,
    mining.SEMI_HARD_NEGATIVES,
    distances.COSINE_SIMILARITIES,
    batch.INFO_NCE,
    views.NT_XENT_TORCH,
    views.CLIP_TORCH,
    embedding.TRAIN_EMBEDDING,
)
