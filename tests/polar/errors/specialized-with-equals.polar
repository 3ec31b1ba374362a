allow(actor = User, "read", _: Repo) if actor.is_admin;
allow(user: User, action = "list", _: Org) if user.is_admin;
allow(user: User, action == "write", _: Repo) if user.is_admin and action = "write";
allow(user: User{name = "ann"}, "delete", _: Repo) if user.is_admin;
