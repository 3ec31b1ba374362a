# Comments that ignore findings.

## above: silent
# oso: ignore[OSO402] everybody may report a fault
allow(_, "report", _: Doc);
## beside: silent
allow(_, "report", _: Doc); # oso: ignore[OSO402] everybody may report a fault
## above-another-comment: silent
# oso: ignore[OSO402] everybody may report a fault
# The desk reads the reports.
allow(_, "report", _: Doc);
## two-codes: silent
allow(_: User, "read", _: Doc);
allow(user: User, "read", doc: Doc) if doc.open = true and doc.open = false and doc.owner = user; # oso: ignore[OSO102] a draft
## several-codes: silent
allow(_, _, _: Doc); # oso: ignore[OSO402] a demonstration
allow(_, "drop", _: Doc); # oso: ignore[OSO101, OSO402] a demonstration
## without-reason: OSO402 OSO901
allow(_, "report", _: Doc); # oso: ignore[OSO402]
## unused: OSO902
allow(_: User, "report", _: Doc); # oso: ignore[OSO402] everybody may report a fault
## one-of-two-unused: OSO902
allow(_, "report", _: Doc); # oso: ignore[OSO402, OSO101] everybody may report a fault
## too-far-away: OSO402 OSO902
# oso: ignore[OSO402] everybody may report a fault
allow(_: User, "read", _: Doc);
allow(_, "report", _: Doc);
## other-code: OSO402 OSO902
allow(_, "report", _: Doc); # oso: ignore[OSO101] everybody may report a fault
## unknown-code: OSO402 OSO903
allow(_, "report", _: Doc); # oso: ignore[OSO4] everybody may report a fault
## no-code: OSO402 OSO903
allow(_, "report", _: Doc); # oso: ignore everybody may report a fault
## in-a-string: OSO402
allow(_, "# oso: ignore[OSO402] no comment", _: Doc);
## error: OSO001 OSO902
allow(user, "read", _: Doc); # oso: ignore[OSO001] it will be used later
