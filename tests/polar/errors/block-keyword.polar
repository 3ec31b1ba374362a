Resource Repo { roles = ["reader"]; }
class Org { roles = ["member"]; }
User {}
actr Animal {}
