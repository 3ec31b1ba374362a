actor Usr {}

resource Rpo {
  roles = ["reader"];
  permissions = ["read"];
  relations = { parent: Organ };

  "read" if "reader";
}

has_role(_: User, "reader", _: Repo);
has_relation(_: Org, "parent", _: Repo);
allow(user: User, "drop", _: Repo) if has_role(user, "owner", new Repo());
allow(actor, action, resource) if has_permission(actor, action, resource);
