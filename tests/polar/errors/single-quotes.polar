allow(_: User, 'read', _: Repo);
allow(_: User, action, _: Repo) if action in ['write', 'list'];
allow(_: User, `delete`, _: Repo);
