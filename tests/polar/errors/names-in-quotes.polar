resource Org { "permissions" = ["read"]; }
resource Repo { relations = { parent: "Org" }; }
resource Animal { relations = { "parent": Org }; }
allow(_: User, {"name": "ann"}, _: Repo);
allow(user: User, "read", _: Repo) if user["name"] = "ann";
