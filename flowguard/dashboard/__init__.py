"""The dashboard: what people look at. Every figure says how fresh it is and whether its checks hold.

``queries/`` ask, ``charts/`` draw, ``views/`` put both in order; none of these three knows another's insides.
"""
