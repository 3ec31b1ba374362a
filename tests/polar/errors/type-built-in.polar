actor User {}
resource Repo { permissions = ["read"]; }

allow(_: User, "read");
has_permission(actor, "read", _: Repo) if actor matches User;
has_permission(_: User, "read", _: Org);
