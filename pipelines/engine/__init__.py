"""One engine for experiments: folds, features computed once, fusion, missing senses, scores."""
