"""What the rows of several families need."""

from mpmath import exp, log, mpf

INF = float("inf")
LN2, LN3, LN5 = 0.6931471805599453, 1.0986122886681098, 1.6094379124341003

# Values outside the domain: of distributions over four classes, of labels, of shares.
OFF_ROWS = [("probs", 1.5), ("probs", -0.1), ("probs", 0.9)]
LABELS = [("target", 4), ("target", -1)]
SOFT = [("target", 2.0), ("target", -1.0)]

LOGITS = [[0.0] * 4, [1000.0, -1000.0, 0.0, 0.0], [1e-9, 50.0, 0.0, -50.0], [-700.0] * 4]
ONE_HOT = [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]]


def against(name, rows, other, targets):
    return [{name: row, other: target} for row in rows for target in targets]


def softmax(logits):
    parts = [exp(z) for z in logits]
    return [part / sum(parts) for part in parts]


def times_log(factor, x):
    return factor * log(x) if factor else mpf(0)


def of_token(row, token):
    return log_sum_exp(row) - row[int(token)]


def log_sum_exp(row):
    return log(sum(exp(z) for z in row))
