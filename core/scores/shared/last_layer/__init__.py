"""The last layer as a convex problem, and the solvers that influence takes its inverse Hessian from.

problem: the softmax regression that a last layer is, its Hessian, each row's leverage, and what a `Solver` can do.
exact: the dense inverse. ekfac: the Kronecker eigenbasis, which the iterative solvers hold for their leverage.
iterative: conjugate gradients and LiSSA, to a tolerance. approximate: Arnoldi and DataInf.
solvers: SOLVERS, the registry; a new solver is a class in one of these files and one entry there.
influence: the effect of leaving out a row, from any of them.

These methods exist twice, on purpose. Here they run in numpy on the last layer alone: that is what the scores
`influence`, `influence_self`, `tracin`, `tracin_self` and `trak` of every run are computed by, and
`core.influence_pairs` with layers="last". `core.numerics` has EK-FAC, DataInf, TracIn and TRAK in torch through all
layers of a network: only `core.influence_pairs`, `influence_on_mean` and `self_influence_of` of the Python library run
those, on a network in memory. No run and no screen does.
"""
