allow(user: User, "read", _: Repo) if user.is_admin = True;
allow(user: User, "write", _: Repo) if user.is_admin == False;
allow(user: User, "list", _: Repo) if user.name != None;
allow(user: User, "drop", _: Repo) if user.name != null;
