"""Sign two agents in and let three chats arrive: `python manage.py shell < three_chats.py`."""

from desk.events import arrive, open_domain, set_presence
from desk.models import Agent

support = open_domain("support", relax_after=60)
for name, skills, capacity in (("Ana", {"billing": 0.9, "spanish": 0.8}, 1), ("Bo", {"billing": 0.6}, 2)):
    set_presence(Agent.objects.create(domain=support, name=name, skills=skills, capacity=capacity).pk, "available")
for requires in ({"billing": 0.5, "spanish": 0.5}, {"billing": 0.3}, {"french": 0.5}):
    arrive(support, requires)
