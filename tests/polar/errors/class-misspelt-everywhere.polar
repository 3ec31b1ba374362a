actor Usr {}

resource Org {
  roles = ["member"];
}

has_role(_: Usr, "member", _: Org);
has_role(_: User, "member", _: Ogr);
allow(actor, action, resource) if has_role(actor, "member", resource) and action = "read";
